"""Graphs of ONNX written byte by byte, for the tests: honest ones and hostile ones, without the package onnx."""

from __future__ import annotations

import struct

FLOAT, INT64, STRING = 1, 7, 8


def varint(number):
    data = bytearray()
    while number > 127:
        data.append(number & 127 | 128)
        number >>= 7
    return bytes([*data, number])


def field(number, content):
    """One field of protobuf: an int is a varint, a float 4 bytes, anything else a length and its bytes."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content & (2**64 - 1))
    if isinstance(content, float):
        return varint(number << 3 | 5) + struct.pack("<f", content)
    data = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(data)) + data


def many(number, contents):
    return b"".join(field(number, content) for content in contents)


def value(name, kind, *shape):
    """What an input or an output looks like; a length is a number or a name."""
    lengths = many(1, [field(1 if isinstance(length, int) else 2, length) for length in shape])
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, lengths)))


def tensor(name, shape, data=None, *, kind=FLOAT):
    head = many(1, shape) + field(2, kind) + field(8, name)
    return head if data is None else head + field(9, struct.pack(f"<{len(data)}{'f' if kind == FLOAT else 'q'}", *data))


def external(name, shape, path):
    """A tensor whose bytes are in another file."""
    return tensor(name, shape) + field(13, field(1, "location") + field(2, str(path))) + field(14, 1)


def node(operator, inputs, outputs, *attributes, domain=""):
    named = many(1, inputs) + many(2, outputs) + field(4, operator) + many(5, attributes)
    return named + (field(7, domain) if domain else b"")


def attribute(name, number, content, *, kind):
    return (
        field(1, name)
        + (many(number, content) if isinstance(content, list) else field(number, content))
        + field(20, kind)
    )


def graph(nodes, inputs, outputs, tensors=(), *, more=b""):
    return many(1, nodes) + field(2, "g") + many(5, tensors) + many(11, inputs) + many(12, outputs) + more


def model(graph, *, more=b""):
    versions = many(8, [field(1, "") + field(2, 13), field(1, "ai.onnx.ml") + field(2, 3)])
    return field(1, 8) + versions + field(7, graph) + more


X, Y = value("x", FLOAT, "rows", 2), value("y", FLOAT, "rows", 1)
WEIGHTS, OFFSET = tensor("w", [2, 1], [2.0, 3.0]), tensor("b", [1], [1.0])
ADD = [node("MatMul", ["x", "w"], ["p"]), node("Add", ["p", "b"], ["y"])]


def line(weights=WEIGHTS, *, nodes=(), more=b"", outside=b""):
    """Return 2 a + 3 b + 1, with whatever stands in for its weights."""
    tensors = [OFFSET] if weights is None else [weights, OFFSET]
    return model(graph([*nodes, *ADD], [X], [Y], tensors, more=more), more=outside)


def classifier(*, mapped):
    """Two classes by name; the probabilities as a table, or as a list of mappings."""
    names = ["no", "yes"]
    linear = node(
        "LinearClassifier",
        ["x"],
        ["label", "scores"],
        attribute("coefficients", 7, [-1.0, -1.0, 1.0, 1.0], kind=6),
        attribute("intercepts", 7, [0.0, 0.0], kind=6),
        attribute("post_transform", 4, "SOFTMAX", kind=3),
        attribute("classlabels_strings", 9, names, kind=8),
        domain="ai.onnx.ml",
    )
    label = value("label", STRING, "rows")
    if not mapped:
        table = value("probabilities", FLOAT, "rows", 2)
        return model(graph([linear, node("Identity", ["scores"], ["probabilities"])], [X], [label, table]))
    maps = field(1, "by_class") + field(
        2, field(4, field(1, field(5, field(1, STRING) + field(2, field(1, field(1, 1))))))
    )
    zipped = node(
        "ZipMap", ["scores"], ["by_class"], attribute("classlabels_strings", 9, names, kind=8), domain="ai.onnx.ml"
    )
    return model(graph([linear, zipped], [X], [label, maps]))


def by_column(kinds):
    """A graph with one input for each column, whose answer is the first of them."""
    inputs = [value(name, kind, "rows", 1) for name, kind in kinds.items()]
    first, kind = next(iter(kinds.items()))
    return model(graph([node("Identity", [first], ["y"])], inputs, [value("y", kind, "rows", 1)]))
