import { describe } from 'vitest';
import { basicPlan } from './basic-plan.ts';

describe('oidcc-formpost-basic-certification-test-plan', () => {
  basicPlan('form_post');
});
