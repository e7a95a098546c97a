/** Why an act is not begun, confirmed or seen. */
export type DeskProblem =
  | 'operator_unknown'
  | 'signature_wrong'
  | 'act_unknown'
  | 'act_repeated'
  | 'act_own'
  | 'act_over'
  | 'name_taken'
  | 'too_few';

export class DeskError extends Error {
  readonly problem: DeskProblem;
  constructor(problem: DeskProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}
