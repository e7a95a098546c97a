/** Why a file is not imported at all. */
export type FileErrorCode =
  | 'empty'
  | 'encoding'
  | 'unknown_layout'
  | 'missing_column'
  | 'doubled_column'
  | 'doubled_header'
  | 'no_person'
  | 'too_many_refused'
  | 'no_file'
  | 'damaged_archive'
  | 'too_many_changes'
  | 'busy'
  | 'cancelled';

/** The import was given up as a whole and nothing was changed. The message is for the operator. */
export class ImportError extends Error {
  readonly code: FileErrorCode;
  /** 1 is the header. */
  readonly line: number | undefined;

  constructor(code: FileErrorCode, message: string, line?: number) {
    super(message);
    this.name = 'ImportError';
    this.code = code;
    this.line = line;
  }
}
