import {
  ACTIVITY_KEYS,
  EXERCISE_KEYS,
  type ActivityKey,
  type ExerciseKey,
  type StoredActivity,
  type StoredExercise,
} from './exercise.ts';
import type { Plan } from './header.ts';
import type { Field } from './layouts.ts';
import { ACTIVITY_START, EXERCISE_END, VALUE_END, packActivity, packExercise } from './packed.ts';
import { makesExercise, saysNothing } from './record.ts';

/**
 * The exercices and activities of one person as bytes, packed (packed.ts). A value is copied from the file to here without
 * ever being a string, and two exercices are the same when their bytes are.
 */

/** A value of the file, and whether it makes an exercice, or an activity, by itself. */
interface Column {
  position: number;
  speaks: boolean;
}

const columnsOf = <K extends ExerciseKey | ActivityKey>(
  keys: readonly K[],
  plan: Plan,
  speaks: (key: K) => boolean,
): Column[] => keys.map((key) => ({ position: plan.position[key as Field] ?? -1, speaks: speaks(key) }));

/** One exercice: where its values lie, and those of its activities (from, to, from, to…). */
interface ExercisePart {
  from: number;
  to: number;
  activities: number[];
}

const VALUE = VALUE_END.charCodeAt(0);
const ACTIVITY = ACTIVITY_START.charCodeAt(0);
const EXERCISE = EXERCISE_END.charCodeAt(0);

/** Where each value of a line begins and ends, by column. */
export interface Cells {
  bytes: Buffer;
  from: Int32Array;
  to: Int32Array;
}

export class Fragments {
  /** How many exercices of each profession were taken, over all persons. */
  readonly professions = new Map<string, number>();
  readonly #exerciseColumns: readonly Column[];
  readonly #activityColumns: readonly Column[];
  #arena = Buffer.allocUnsafe(1 << 17);
  #end = 0;
  /** End of what was written last, from `#end` on. */
  #written = 0;
  #exercises: ExercisePart[] = [];
  #items = 0;

  constructor(plan: Plan) {
    this.#exerciseColumns = columnsOf(EXERCISE_KEYS, plan, makesExercise);
    this.#activityColumns = columnsOf(ACTIVITY_KEYS, plan, (key) => !saysNothing(key));
  }

  /** Exercices and activities together. */
  get items(): number {
    return this.#items;
  }

  /** What {@link write} writes is not longer. */
  get length(): number {
    return this.#end + this.#items;
  }

  clear(): void {
    this.#end = 0;
    this.#exercises = [];
    this.#items = 0;
  }

  /** Adds what one line says; whether that is an activity. */
  addCells(cells: Cells): boolean {
    const activity = speaks(this.#activityColumns, cells);
    if (!activity && !speaks(this.#exerciseColumns, cells)) return false;
    this.#reserve(cells);
    this.#write(this.#exerciseColumns, cells);
    const exercise = this.#takeExercise();
    if (activity) {
      this.#write(this.#activityColumns, cells);
      this.#takeActivity(exercise);
    }
    return activity;
  }

  /** The same from objects, for a line that needed to be read as text. */
  addObjects(exercise: Omit<StoredExercise, 'activities'>, activity: StoredActivity | undefined): void {
    this.#writeText(packExercise(exercise));
    const part = this.#takeExercise();
    if (!activity) return;
    this.#writeText(packActivity(activity));
    this.#takeActivity(part);
  }

  /** Writes the whole into `target`; gives the end. */
  write(target: Buffer, start: number): number {
    let at = start;
    for (const { from, to, activities } of this.#exercises) {
      if (at > start) target[at++] = EXERCISE;
      at += this.#arena.copy(target, at, from, to);
      for (let next = 0; next < activities.length; next += 2) {
        target[at++] = ACTIVITY;
        at += this.#arena.copy(target, at, activities[next], activities[next + 1]);
      }
    }
    return at;
  }

  /** Room for all that a line can bring. */
  #reserve({ from, to }: Cells): void {
    const length = (to.at(-1) ?? 0) - (from[0] ?? 0) + 64;
    if (this.#end + length * 2 > this.#arena.length) this.#grow(length * 2);
  }

  /** Copies the values of a line behind what is kept; what follows says whether they stay. */
  #write(columns: readonly Column[], { bytes, from, to }: Cells): void {
    const arena = this.#arena;
    let at = this.#end;
    let kept = at;
    for (let index = 0; index < columns.length; index++) {
      const position = (columns[index] as Column).position;
      const start = position < 0 ? 0 : (from[position] as number);
      const end = position < 0 ? 0 : (to[position] as number);
      if (start < end) {
        for (let next = start; next < end; next++) arena[at++] = bytes[next] as number;
        kept = at;
      }
      arena[at++] = VALUE;
    }
    this.#written = kept;
  }

  #writeText(text: string): void {
    const length = Buffer.byteLength(text);
    if (this.#end + length > this.#arena.length) this.#grow(length);
    this.#written = this.#end + this.#arena.write(text, this.#end);
  }

  #grow(more: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#arena.length * 2, this.#arena.length + more));
    this.#arena.copy(larger, 0, 0, this.#end);
    this.#arena = larger;
  }

  #takeExercise(): ExercisePart {
    for (const part of this.#exercises) if (this.#isWritten(part.from, part.to)) return part;
    const part: ExercisePart = { from: this.#end, to: this.#written, activities: [] };
    this.#exercises.push(part);
    this.#items++;
    this.#countProfession();
    this.#end = this.#written;
    return part;
  }

  /** The profession is the first value. */
  #countProfession(): void {
    let end = this.#end;
    while (end < this.#written && this.#arena[end] !== VALUE) end++;
    if (end === this.#end) return;
    const code = this.#arena.toString('utf8', this.#end, end);
    this.professions.set(code, (this.professions.get(code) ?? 0) + 1);
  }

  #takeActivity({ activities }: ExercisePart): void {
    for (let at = 0; at < activities.length; at += 2) {
      if (this.#isWritten(activities[at] as number, activities[at + 1] as number)) return;
    }
    activities.push(this.#end, this.#written);
    this.#items++;
    this.#end = this.#written;
  }

  /** Whether a fragment equals what was written last. */
  #isWritten(from: number, to: number): boolean {
    const offset = this.#end - from;
    if (to - from !== this.#written - this.#end) return false;
    const arena = this.#arena;
    for (let index = from; index < to; index++) if (arena[index] !== arena[index + offset]) return false;
    return true;
  }
}

const speaks = (columns: readonly Column[], { from, to }: Cells): boolean => {
  for (let index = 0; index < columns.length; index++) {
    const { position, speaks: alone } = columns[index] as Column;
    if (alone && position >= 0 && from[position] !== to[position]) return true;
  }
  return false;
};
