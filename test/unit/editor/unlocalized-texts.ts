import ts from 'typescript';

/** A text in the source that a person would read in English, whatever language their editor speaks. */
export interface UnlocalizedText {
  readonly line: number;
  readonly text: string;
}

/** Properties and variables of these names hold what stands on the screen. */
const namesOfTexts =
  /^(title|message|tooltip|detail|label|description|accept|prompt|placeholder|placeHolder|validationMessage|note|refusal)$/;

/** What these functions take is for translators, for the log, or names what was waited for or read in an error that is put into words elsewhere. */
const silentCalls = /^(t|trace|debug|info|warn|error|withDeadline|within|attempt|parserOf)$/;

/** What these functions take is on the screen. */
const speakingCalls = /^(show(Information|Warning|Error)Message|showNotification|note)$/;

/**
 * The texts of a file of the extension that read as words of people and do not go through `t(…)`: two words in a row wherever they stand, and any
 * word where the screen is certain. Messages of thrown errors are for the log and for code.
 */
export function unlocalizedTexts(source: ts.SourceFile): readonly UnlocalizedText[] {
  const found = new Map<number, UnlocalizedText>();
  const report = (node: ts.Node, text: string) => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    found.set(node.getStart(), { line: line + 1, text });
  };
  const visit = (node: ts.Node): void => {
    if (isSilent(node)) return;
    if (isLiteral(node) && hasWords(textOf(node))) report(node, textOf(node));
    for (const shown of shownExpressions(node)) {
      for (const literal of literalsOf(shown)) if (hasWord(textOf(literal))) report(literal, textOf(literal));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...found.values()];
}

/** The calls of `t(…)` of a file that are made while it is loaded, when the language of the editor is not known yet. */
export function earlyTexts(source: ts.SourceFile): readonly UnlocalizedText[] {
  const found: UnlocalizedText[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) return;
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 't') {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      found.push({ line: line + 1, text: node.getText() });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

type Literal = ts.StringLiteralLike | ts.TemplateExpression;

function isLiteral(node: ts.Node): node is Literal {
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
}

/** The text with `{}` in place of what is put into it. */
function textOf(node: Literal): string {
  if (!ts.isTemplateExpression(node)) return node.text;
  return node.head.text + node.templateSpans.map(({ literal }) => `{}${literal.text}`).join('');
}

function hasWords(text: string): boolean {
  return /\p{L}{2,}[,;:.]? (?:\{\} )?\p{L}{2,}/u.test(text);
}

/** Camel case, dots and hyphens are names of things, not words. */
function hasWord(text: string): boolean {
  const withoutIcons = text.replace(/\$\([\w~-]+\)/g, '');
  return /(?<![\p{L}.$(-])\p{L}\p{Ll}+(?![\p{L}.(-])/u.test(withoutIcons);
}

/** Whether nothing below is for people. */
function isSilent(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return true;
  if (ts.isCallExpression(node))
    return node.expression.kind === ts.SyntaxKind.SuperKeyword || silentCalls.test(lastName(node.expression));
  return ts.isNewExpression(node) && /(Error|Exception)$/.test(lastName(node.expression));
}

/** What the node puts onto the screen itself. */
function shownExpressions(node: ts.Node): readonly ts.Expression[] {
  if (ts.isPropertyAssignment(node)) return isTextName(node.name) ? [node.initializer] : [];
  if (ts.isVariableDeclaration(node))
    return isTextName(node.name) && node.initializer !== undefined ? [node.initializer] : [];
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken) {
    const { left, right } = node;
    return ts.isPropertyAccessExpression(left) && namesOfTexts.test(left.name.text) ? [right] : [];
  }
  if (ts.isCallExpression(node) && speakingCalls.test(lastName(node.expression))) return node.arguments;
  return [];
}

function isTextName(node: ts.Node): boolean {
  return (ts.isIdentifier(node) || ts.isStringLiteralLike(node)) && namesOfTexts.test(node.text);
}

/** The literals that an expression can be, itself or put together. */
function literalsOf(node: ts.Expression): readonly Literal[] {
  if (ts.isTemplateExpression(node))
    return [node, ...node.templateSpans.flatMap(({ expression }) => literalsOf(expression))];
  if (isLiteral(node)) return [node];
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node))
    return literalsOf(node.expression);
  if (ts.isConditionalExpression(node)) return [...literalsOf(node.whenTrue), ...literalsOf(node.whenFalse)];
  if (ts.isBinaryExpression(node)) {
    const isJoining = [
      ts.SyntaxKind.PlusToken,
      ts.SyntaxKind.QuestionQuestionToken,
      ts.SyntaxKind.BarBarToken,
    ];
    return isJoining.includes(node.operatorToken.kind)
      ? [...literalsOf(node.left), ...literalsOf(node.right)]
      : [];
  }
  return [];
}

function lastName(node: ts.Expression): string {
  if (ts.isPropertyAccessExpression(node)) return node.name.text;
  return ts.isIdentifier(node) ? node.text : '';
}
