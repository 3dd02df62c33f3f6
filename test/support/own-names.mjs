// ESLint rule: names that users choose never index a plain object (see src-shared/base/records.ts). It refuses computed
// access to a value whose type has a string index signature, and `in` on one, unless the name is written out.
import ts from 'typescript';

/** A literal, or a template without expressions: a name that the program chose. */
function isWritten(node) {
  return node.type === 'Literal' || (node.type === 'TemplateLiteral' && node.expressions.length === 0);
}

export const ownNames = {
  meta: {
    type: 'problem',
    docs: { description: 'Look names up with ownValue and store them with setOwnValue, or use a Map.' },
    messages: { access: 'A name indexes a record: use ownValue or setOwnValue of src-shared/base/records, or a Map.' },
    schema: [],
  },
  create(context) {
    const services = context.sourceCode.parserServices;
    const isRecord = (node) => {
      const type = services.getTypeAtLocation(node);
      const checker = services.program.getTypeChecker();
      const parts = type.isUnion() ? type.types : [type];
      return parts.some(
        (part) => checker.getIndexInfoOfType(checker.getApparentType(part), ts.IndexKind.String) !== undefined,
      );
    };
    return {
      MemberExpression(node) {
        if (node.computed && !isWritten(node.property) && isRecord(node.object))
          context.report({ node, messageId: 'access' });
      },
      BinaryExpression(node) {
        if (
          node.operator === 'in' &&
          node.left.type !== 'PrivateIdentifier' &&
          !isWritten(node.left) &&
          isRecord(node.right)
        )
          context.report({ node, messageId: 'access' });
      },
    };
  },
};
