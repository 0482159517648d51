"""Measure the style of Python packages: sizes, density, comments, names, odd phrases.

Docstrings do not count as code: neither in the length of a function nor in the tokens of a line.
"""

import ast
import itertools
import re
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from devtools.style_prose import (
    PRAGMA,
    PythonSource,
    comment_prose,
    docstring_prose,
    last_line,
    read_python,
)

type Function = ast.FunctionDef | ast.AsyncFunctionDef

FUNCTION: Final = (ast.FunctionDef, ast.AsyncFunctionDef)

ODD_PHRASES: Final = re.compile(
    r"\b(?:anew|mend|somebody|nobody|told|tells|likewise|whoever|whom|of\s+which"
    r"|as\s+it\s+is\s+written|from\s+which\s+on|so\s+many|is\s+(?-i:none)|ailment|of\s+ours"
    r"|that\s+which|an\s+earlier\s+life|rests\s+on)\b",
    re.IGNORECASE,
)
"""A fixed sample of phrases, so that figures of different dates and projects compare. The rules of
`devtools.style_rules` know more of them."""
WORD: Final = re.compile(r"[A-Za-z][A-Za-z'-]*")
LAYOUT_TOKENS: Final = frozenset(
    {
        tokenize.COMMENT,
        tokenize.DEDENT,
        tokenize.ENCODING,
        tokenize.ENDMARKER,
        tokenize.INDENT,
        tokenize.NEWLINE,
        tokenize.NL,
    }
)
"""Tokens that a reader does not read."""
RECORD_BASES: Final = frozenset({"NamedTuple", "Struct"})
"""Base classes that make fields out of annotations, as the dataclass decorator does."""
USUAL_NAMES: Final = frozenset({"LOG", "LOGGER", "_LOGGER", "main"})
"""Names that every module may define."""
LISTED_CLASSES: Final = 5
"""Classes in the list of the largest. chosen: more do not fit a line."""


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """The size of one class."""

    name: str
    module: str
    methods: int
    attributes: int
    """Distinct targets of `self.x = ...`, and the fields of a dataclass."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A name that a module defines at its top level."""

    kind: str
    """`class`, `function` or `constant`."""
    name: str
    module: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What can be added up over modules."""

    lines: int
    code_lines: int
    tokens: int
    comments: int
    words: int
    """Of docstrings and comments."""
    odd_phrases: int


@dataclass(frozen=True, slots=True)
class ModuleFigures:
    """What was found in one module."""

    counts: Counts
    function_lengths: tuple[int, ...]
    callables: tuple[str, ...]
    """Names of functions and methods, special methods left out."""
    classes: tuple[ClassFigures, ...]
    definitions: tuple[Definition, ...]
    methods: tuple[tuple[str, str], ...]
    """Public methods as (method, class)."""


@dataclass(frozen=True, slots=True)
class FunctionLengths:
    """Lines of the functions of a package, without docstrings."""

    median: float
    p90: float
    maximum: int


@dataclass(frozen=True, slots=True)
class LargestClasses:
    """The classes at the top, the largest first."""

    by_methods: tuple[ClassFigures, ...]
    by_attributes: tuple[ClassFigures, ...]


@dataclass(frozen=True, slots=True)
class PackageFigures:
    """One row of the table."""

    name: str
    modules: int
    lines: int
    tokens_per_line: float
    function_lines: FunctionLengths
    comments_per_100_lines: float
    single_word_share: float
    """Percent of the functions and methods."""
    odd_phrases_per_1000_words: float
    largest_classes: LargestClasses


@dataclass(frozen=True, slots=True)
class SharedNames:
    """Names that one package uses for two things, each with the modules or classes that do."""

    classes: dict[str, list[str]]
    functions: dict[str, list[str]]
    constants: dict[str, list[str]]
    mixed: dict[str, list[str]]
    """A class in one module, a function or constant in another."""
    methods: dict[str, list[str]]
    """Public methods that three or more classes have, the most frequent first."""


def measure_package(name: str, modules: Iterable[ModuleFigures]) -> PackageFigures:
    """Return the row of the table for a package with these modules."""
    measured = list(modules)
    lengths = [length for module in measured for length in module.function_lengths]
    names = [one for module in measured for one in module.callables]
    classes = [one for module in measured for one in module.classes]
    total = add_counts(module.counts for module in measured)
    return PackageFigures(
        name=name,
        modules=len(measured),
        lines=total.lines,
        tokens_per_line=ratio(total.tokens, total.code_lines, 1),
        function_lines=FunctionLengths(
            median=median(lengths or [0]),
            p90=percentile_90(lengths),
            maximum=max(lengths, default=0),
        ),
        comments_per_100_lines=ratio(total.comments, total.code_lines, 100),
        single_word_share=ratio(sum(map(is_single_word, names)), len(names), 100),
        odd_phrases_per_1000_words=ratio(total.odd_phrases, total.words, 1000),
        largest_classes=LargestClasses(
            by_methods=largest(classes, "methods"),
            by_attributes=largest(classes, "attributes"),
        ),
    )


def add_counts(counts: Iterable[Counts]) -> Counts:
    """Return the sum of the counts of several modules."""
    columns = zip(*map(astuple, counts), strict=True)
    sums = [sum(column) for column in columns]
    return Counts(*sums) if sums else Counts(0, 0, 0, 0, 0, 0)


def ratio(part: float, whole: float, scale: float) -> float:
    """Return `part` per `scale` of `whole`, to one decimal; 0 of nothing is 0."""
    return round(part / whole * scale, 1) if whole else 0.0


def percentile_90(lengths: list[int]) -> float:
    """Return the length that nine of ten functions do not exceed."""
    if len(lengths) < 2:
        return max(lengths, default=0)
    return round(quantiles(lengths, n=10, method="inclusive")[-1])


def is_single_word(name: str) -> bool:
    """Say whether a name is one word, apart from leading underscores."""
    return "_" not in name.strip("_")


def largest(classes: list[ClassFigures], what: str) -> tuple[ClassFigures, ...]:
    """Return the classes with the most methods or attributes."""
    ordered = sorted(classes, key=lambda one: (-int(getattr(one, what)), one.name))
    return tuple(ordered[:LISTED_CLASSES])


def python_files(folder: Path) -> list[Path]:
    """Return the Python files of a package or folder, or the one file that `folder` is."""
    if folder.is_file():
        return [folder]
    return sorted(
        path
        for path in folder.rglob("*.py")
        if not any(part.startswith((".", "__pycache__")) for part in path.relative_to(folder).parts)
    )


def measure_module(path: Path, package: Path) -> ModuleFigures:
    """Count what there is to count in one Python file of a package."""
    source = read_python(path)
    module = path.relative_to(package).with_suffix("").as_posix() if path != package else path.stem
    prose = [one.text for one in (*docstring_prose(source), *comment_prose(source))]
    functions = [node for node in source.nodes if isinstance(node, FUNCTION)]
    classes = [node for node in source.nodes if isinstance(node, ast.ClassDef)]
    tokens = [token for token in source.tokens if is_code(token, source)]
    # A string over several lines is one token and takes all of them.
    code_lines = {line for one in tokens for line in range(one.start[0], one.end[0] + 1)}
    counts = Counts(
        lines=len(source.text.splitlines()),
        code_lines=len(code_lines),
        tokens=len(tokens),
        comments=sum(not PRAGMA.match(token.string) for token in source.comments),
        words=sum(len(WORD.findall(text)) for text in prose),
        odd_phrases=sum(len(ODD_PHRASES.findall(text)) for text in prose),
    )
    return ModuleFigures(
        counts=counts,
        function_lengths=tuple(function_length(node, source) for node in functions),
        callables=tuple(node.name for node in functions if not is_special(node.name)),
        classes=tuple(measure_class(node, module) for node in classes),
        definitions=tuple(definitions(source.tree, module)),
        methods=tuple(
            (method.name, node.name)
            for node in classes
            for method in methods_of(node)
            if not method.name.startswith("_")
        ),
    )


def is_code(token: tokenize.TokenInfo, source: PythonSource) -> bool:
    """Say whether a token is read as code: no comment, no layout, no docstring."""
    if token.type in LAYOUT_TOKENS:
        return False
    return token.type != tokenize.STRING or token.start[0] not in source.docstring_lines


def function_length(node: Function, source: PythonSource) -> int:
    """Return the lines of a function from `def` to its end, without docstrings."""
    lines = range(node.lineno, last_line(node) + 1)
    return sum(line not in source.docstring_lines for line in lines)


def is_special(name: str) -> bool:
    """Say whether a name is one of Python's own, such as `__init__`."""
    return name.startswith("__") and name.endswith("__")


def methods_of(node: ast.ClassDef) -> list[Function]:
    """Return the methods that a class defines itself."""
    return [one for one in node.body if isinstance(one, FUNCTION)]


def measure_class(node: ast.ClassDef, module: str) -> ClassFigures:
    """Count the methods and attributes of a class."""
    assigned = {
        target.attr
        for method in methods_of(node)
        for target in ast.walk(method)
        if isinstance(target, ast.Attribute)
        and isinstance(target.ctx, ast.Store)
        and isinstance(target.value, ast.Name)
        and target.value.id == "self"
    }
    return ClassFigures(
        name=node.name,
        module=module,
        methods=len(methods_of(node)),
        attributes=len(assigned | set(fields_of(node))),
    )


def fields_of(node: ast.ClassDef) -> Iterator[str]:
    """Return the names of the fields of a dataclass or a similar record."""
    made_by = [*node.decorator_list, *node.bases]
    names = {part for one in made_by for part in re.findall(r"\w+", ast.unparse(one))}
    if "dataclass" not in names and names.isdisjoint(RECORD_BASES):
        return
    for one in node.body:
        match one:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                if "ClassVar" not in ast.unparse(annotation):
                    yield name
            case _:
                pass


def definitions(tree: ast.Module, module: str) -> Iterator[Definition]:
    """Return the classes, functions and constants that a module defines at its top level."""
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name) | ast.TypeAlias(name=ast.Name(id=name)):
                yield Definition("class", name, module)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield Definition("function", name, module)
            case ast.AnnAssign(target=ast.Name(id=name)) if name.isupper():
                yield Definition("constant", name, module)
            case ast.Assign(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name) and target.id.isupper():
                        yield Definition("constant", target.id, module)
            case _:
                pass


def shared_names(modules: Iterable[ModuleFigures]) -> SharedNames:
    """Return the names that two modules of a package define, and methods of many classes."""
    measured = list(modules)
    found: dict[str, list[Definition]] = defaultdict(list)
    for one in itertools.chain.from_iterable(module.definitions for module in measured):
        if one.name not in USUAL_NAMES and not is_special(one.name):
            found[one.name].append(one)
    return SharedNames(
        classes=of_one_kind(found, "class"),
        functions=of_one_kind(found, "function"),
        constants=of_one_kind(found, "constant"),
        mixed={
            name: [f"{one.kind} in {one.module}" for one in uses]
            for name, uses in sorted(found.items())
            if len({one.kind for one in uses}) > 1 and len({one.module for one in uses}) > 1
        },
        methods=shared_methods(measured),
    )


def of_one_kind(found: dict[str, list[Definition]], kind: str) -> dict[str, list[str]]:
    """Return the public names that two or more modules define as the same kind of thing."""
    places = {
        name: sorted({one.module for one in uses if one.kind == kind})
        for name, uses in sorted(found.items())
        if not name.startswith("_")
    }
    return {name: modules for name, modules in places.items() if len(modules) > 1}


def shared_methods(modules: list[ModuleFigures]) -> dict[str, list[str]]:
    """Return the public methods that three or more classes define, the most frequent first."""
    pairs = sorted({pair for module in modules for pair in module.methods})
    counts = Counter(method for method, _ in pairs)
    return {
        method: [owner for one, owner in pairs if one == method]
        for method, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if count >= 3
    }
