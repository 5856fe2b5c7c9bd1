import { z } from 'zod';
import { Segment } from './plan.ts';

/** A segment before it has its number among all others. */
export const UnnumberedSegment = Segment.omit({ index: true });
export type UnnumberedSegment = z.infer<typeof UnnumberedSegment>;

/** What one splitter found in its byte range, in order of time. */
export const PlanPart = z.strictObject({ segments: z.array(UnnumberedSegment) });
export type PlanPart = z.infer<typeof PlanPart>;
