// The syntax tree of a template: Jinja2's nodes, as far as chat templates can have them.

export interface Signature {
  /** Names of the parameters. */
  readonly params: readonly string[];
  /** Defaults of the last ones. */
  readonly defaults: readonly Expr[];
}

export interface CallArguments {
  readonly args: readonly Expr[];
  readonly named: readonly (readonly [name: string, value: Expr])[];
  /** `*list` and `**dict`. */
  readonly rest?: Expr;
  readonly namedRest?: Expr;
}

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**';
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

export type Expr =
  | { readonly type: 'const'; readonly value: null | boolean | bigint | number | string }
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'list' | 'tuple'; readonly items: readonly Expr[] }
  | { readonly type: 'dict'; readonly pairs: readonly (readonly [key: Expr, value: Expr])[] }
  | { readonly type: 'attribute'; readonly of: Expr; readonly name: string }
  | { readonly type: 'item'; readonly of: Expr; readonly key: Expr }
  | { readonly type: 'slice'; readonly of: Expr; readonly bounds: readonly (Expr | undefined)[] }
  | ({ readonly type: 'call'; readonly callee: Expr } & CallArguments)
  /** `of` is absent for the innermost filter of a block: it takes the block's text. */
  | ({ readonly type: 'filter'; readonly of?: Expr; readonly name: string } & CallArguments)
  | ({ readonly type: 'test'; readonly of: Expr; readonly name: string } & CallArguments)
  | {
      readonly type: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expr;
      readonly right: Expr;
    }
  | { readonly type: 'unary'; readonly operator: 'not' | '-' | '+'; readonly of: Expr }
  | { readonly type: 'and' | 'or'; readonly left: Expr; readonly right: Expr }
  | { readonly type: 'concat'; readonly items: readonly Expr[] }
  | {
      readonly type: 'compare';
      readonly first: Expr;
      readonly rest: readonly (readonly [operator: Comparison, right: Expr])[];
    }
  | { readonly type: 'condition'; readonly test: Expr; readonly yes: Expr; readonly no?: Expr };

/** What can be assigned to: a name, an attribute of a namespace, or several names. */
export type Target =
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'namespace'; readonly name: string; readonly attribute: string }
  | { readonly type: 'targets'; readonly items: readonly Target[] };

export type Statement =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'print'; readonly value: Expr }
  | {
      readonly type: 'if';
      readonly branches: readonly { readonly test: Expr; readonly body: readonly Statement[] }[];
      readonly otherwise: readonly Statement[];
    }
  | {
      readonly type: 'for';
      readonly target: Target;
      readonly iterable: Expr;
      readonly filter?: Expr;
      readonly recursive: boolean;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  | { readonly type: 'set'; readonly target: Target; readonly value: Expr }
  | {
      readonly type: 'set block';
      readonly target: Target;
      readonly filter?: Expr;
      readonly body: readonly Statement[];
    }
  | {
      readonly type: 'with';
      readonly assignments: readonly (readonly [target: Target, value: Expr])[];
      readonly body: readonly Statement[];
    }
  | ({ readonly type: 'macro'; readonly name: string; readonly body: readonly Statement[] } & Signature)
  | ({ readonly type: 'call block'; readonly call: Expr; readonly body: readonly Statement[] } & Signature)
  | { readonly type: 'filter block'; readonly filter: Expr; readonly body: readonly Statement[] }
  | {
      readonly type: 'block';
      readonly name: string;
      readonly scoped: boolean;
      readonly body: readonly Statement[];
    }
  | { readonly type: 'generation'; readonly body: readonly Statement[] }
  | { readonly type: 'break' | 'continue' }
  /** include, import, from and extends: a chat template is alone. */
  | { readonly type: 'load'; readonly tag: string };
