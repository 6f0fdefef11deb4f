"""Give every mutant of a module: its syntax tree with one place broken.

Broken are operators, comparisons, numbers, conditions, statements, arguments,
keywords, transposes and returned values. Left alone: docstrings, annotations,
what only type checkers see, the texts of messages, and the order of what is added.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple


class Name(NamedTuple):
    """One mutant: where it is and what was done; no two have the same."""

    module: str
    function: str
    """The outermost function, or the method, that it is in; empty outside of all."""
    line: str
    """The text of its line."""
    what: str


SWAPS: dict[type, tuple[type, ...]] = {
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,),
    ast.MatMult: (ast.Mult,), ast.Pow: (ast.Mult,), ast.BitOr: (ast.BitAnd,),
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.And: (ast.Or,), ast.Or: (ast.And,),
}  # fmt: skip


def variants(node: ast.AST, in_raise: bool) -> Iterator[tuple[str, ast.AST]]:
    """Give each way to break one node, and what to call it."""
    new = copy.deepcopy(node)
    match node:
        case ast.BinOp(op=op) | ast.BoolOp(op=op) | ast.AugAssign(op=op):
            for swap in SWAPS.get(type(op), ()):
                new.op = swap()
                yield f"{type(op).__name__} → {swap.__name__}", copy.deepcopy(new)
        case ast.Compare(ops=[op]):
            for swap in SWAPS.get(type(op), ()):
                new.ops = [swap()]
                yield f"{type(op).__name__} → {swap.__name__}", copy.deepcopy(new)
        case ast.Constant(value=bool()):
            new.value = not node.value
            yield f"{node.value} → {new.value}", new
        case ast.Constant(value=int() | float()) if not in_raise:
            for value in (node.value + 1, node.value - 1):
                new.value = value
                yield f"{node.value} → {value}", copy.deepcopy(new)
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            yield f"{type(node.op).__name__} dropped", operand
        case ast.Attribute(attr="T" | "real" as attr, value=value):
            yield f".{attr} dropped", value
        case ast.IfExp() | ast.If() | ast.While():
            new.test = ast.UnaryOp(ast.Not(), node.test)
            yield "condition negated", new
        case ast.Return(value=value) if value is not None:
            new.value = ast.Constant(None)
            if not (isinstance(value, ast.Constant) and value.value is None):
                yield "returns None", new
            if isinstance(value, ast.Tuple) and len(value.elts) > 1:
                other = copy.deepcopy(node)
                other.value.elts[:2] = other.value.elts[1::-1]
                yield "returned values swapped", other
        case ast.Expr(value=ast.Call()):
            yield "call dropped", ast.Pass()
        case ast.Raise():
            yield "raise dropped", ast.Pass()
        case ast.Assign(value=value) if not isinstance(value, ast.Constant):
            new.value = ast.Constant(None)
            yield "assigned None", new
    if isinstance(node, ast.AugAssign):
        yield "statement dropped", ast.Pass()
    if isinstance(node, ast.Call) and not in_raise:
        starred = any(isinstance(each, ast.Starred) for each in node.args)
        if len(node.args) > 1 and not starred and not is_either_way_round(node):
            new.args[:2] = new.args[1::-1]
            yield "arguments swapped", copy.deepcopy(new)
        for position, keyword in enumerate(node.keywords):
            if keyword.arg != "hint":  # the text of a message
                fewer = copy.deepcopy(node)
                del fewer.keywords[position]
                yield f"{keyword.arg or '**'} dropped", fewer


def is_either_way_round(call: ast.Call) -> bool:
    """Tell a call whose first two arguments mean the same when swapped."""
    one, two = map(ast.unparse, call.args[:2])
    return one == two or ast.unparse(call.func) in ("np.add", "np.multiply", "min", "max")


def is_for_readers(node: ast.AST) -> bool:
    """Tell what never runs, or only makes the text of a message."""
    match node:
        case ast.JoinedStr() | ast.Import() | ast.ImportFrom():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.AnnAssign(annotation=ast.Name(id="TypeAlias")):
            return True
        case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar"))):
            return True
    return False


def places(
    node: ast.AST, function: str = "", in_raise: bool = False
) -> Iterator[tuple[ast.AST, str, int | None, str, bool]]:
    """Walk over all that runs: parent, field, index there, function, whether in a raise."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "type_comment"):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or is_for_readers(child):
                continue
            within = function
            if isinstance(child, ast.FunctionDef) and not function:
                within = f"{node.name}.{child.name}" if hasattr(node, "name") else child.name
            yield node, field, index, within, in_raise
            yield from places(child, within, in_raise or isinstance(child, ast.Raise))


def mutants(module: str, source: str) -> Iterator[tuple[Name, int, ast.Module]]:
    """Give every mutant of a module: its name, its line, and the tree while it is broken."""
    lines, tree, seen = source.splitlines(), ast.parse(source), Counter[Name]()
    for parent, field, index, function, in_raise in places(tree):
        holder = getattr(parent, field)
        child = holder if index is None else holder[index]

        def put(node: ast.AST, at: tuple = (parent, field, index, holder)) -> None:
            if at[2] is None:
                setattr(at[0], at[1], node)
            else:
                at[3][at[2]] = node

        for what, broken in variants(child, in_raise):
            what = f"{what}: {ast.unparse(child).splitlines()[0][:70]}"
            name = Name(module, function, lines[child.lineno - 1].strip(), what)
            seen[name] += 1
            if seen[name] > 1:
                name = name._replace(what=f"{what} ({seen[name]})")
            put(broken)
            ast.fix_missing_locations(ast.copy_location(broken, child))
            yield name, child.lineno, tree
            put(child)
