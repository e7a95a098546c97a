import { describe } from 'vitest';
import { basicPlan } from './basic-plan.ts';

describe('oidcc-basic-certification-test-plan', () => {
  basicPlan('default');
});
