import type { Environment } from '../../protocol/environments';

/** The environments that the person's setting `environments.hide` leaves: a pattern fits a name or a path, `*` stands for anything. */
export function visibleEnvironments(
  environments: readonly Environment[],
  hiddenPatterns: readonly string[],
): readonly Environment[] {
  if (hiddenPatterns.length === 0) return environments;
  const patterns = hiddenPatterns.map(toExpression);
  return environments.filter(
    ({ name: label, prefix }) => !patterns.some((pattern) => pattern.test(label) || pattern.test(prefix)),
  );
}

function toExpression(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}
