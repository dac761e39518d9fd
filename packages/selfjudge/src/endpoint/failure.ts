/**
 * Why an endpoint has no verdict on a pair: the template shows nothing of its prompt (`refused`), it gave no answer of use (`no-answer`), what it answered is no verdict (`no-label`), or no
 * further call may be made (`no-budget`).
 */
export type EndpointReason = 'refused' | 'no-answer' | 'no-label' | 'no-budget';

/** Of one pair: the others may be judged. */
export class EndpointFailure extends Error {
  override readonly name = 'EndpointFailure';
  constructor(
    readonly reason: EndpointReason,
    message: string,
  ) {
    super(message);
  }
}
