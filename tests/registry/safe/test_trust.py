"""Trust is exact and belongs to the caller, also in the registry."""

from __future__ import annotations

import runpy
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from maturekit.errors import ArgumentError, FormatError, MaturekitWarning, UntrustedError
from maturekit.registry import JoblibSerializer, Registry

CRAFT = runpy.run_path(str(Path(__file__).with_name("craft.py")))
Sneaky, X, Y, dumped, name, stream, text, touch = (
    CRAFT[key] for key in ("Sneaky", "X", "Y", "dumped", "name", "stream", "text", "touch")
)


def test_trust_is_exact_and_the_callers(registry, tmp_path, monkeypatch):
    (tmp_path / "shop.py").write_text(
        "class Basket:\n"
        "    def __init__(self, size):\n"
        "        self.size = size\n"
        "    def __eq__(self, other):\n"
        "        return self.size == other.size\n"
        "    __hash__ = None\n"
        "class Other:\n"
        "    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import shop

    version = registry.register("basket", [shop.Basket(3), shop.Basket(4)])
    for trust in ((), ["shop.Other"], ["shop.Baske"], ["other.Basket"], ["shop.basket"]):
        with pytest.raises(UntrustedError, match=r"allow-list: shop\.Basket") as refused:
            version.load(trust=trust)
        assert refused.value.names == ("shop.Basket",)
    assert version.load(trust=["shop.Basket"]) == [shop.Basket(3), shop.Basket(4)]


@pytest.mark.parametrize("trust", ["shop.Basket", ["*"], ["shop.*"], ["shop"], [""], [None], ["shop..Basket"]])
def test_patterns_are_no_names(registry, trust):
    version = registry.register("late", "a")
    with pytest.raises((ArgumentError, TypeError)):
        version.load(trust=trust)


def test_trusting_a_name_trusts_no_other(tmp_path):
    mark = tmp_path / "mark"
    data = {"model.joblib": dumped([Sneaky(print, ("fine",)), touch(mark)])}
    with pytest.raises(UntrustedError) as refused:
        JoblibSerializer().load(data, trust=["builtins.print"])
    assert refused.value.names == ("posix.system",)
    assert not mark.exists()


def test_even_a_trusted_class_is_not_rewritten():
    state = b"}" + text("predict") + text("x") + b"sb"
    data = {"model.joblib": stream(name("collections", "Counter"), state)}
    with pytest.raises(UntrustedError):
        JoblibSerializer().load(data, trust=["collections.Counter"])


def test_trusted_classes_restore_themselves_as_pickle_would():
    model = [
        datetime(2013, 5, 3, tzinfo=UTC),
        Decimal("1.5"),
        Fraction(1, 3),
        LogisticRegression().fit(X, Y).coef_,
    ]
    trust = ["datetime.datetime", "datetime.timezone", "datetime.timedelta", "decimal.Decimal", "fractions.Fraction"]
    again = JoblibSerializer().load(JoblibSerializer().dump(model), trust=trust)
    assert again[:3] == model[:3]


def test_a_name_that_is_trusted_and_not_installed_is_a_clear_error():
    data = {"model.joblib": stream(name("no_such_package", "Thing"), b")\x81")}
    with pytest.raises(FormatError, match=r"the model needs no_such_package\.Thing, which is not installed here"):
        JoblibSerializer().load(data, trust=["no_such_package.Thing"])


def test_nothing_is_parsed_before_its_digest_is_verified(registry, store, replace, monkeypatch):
    from maturekit.errors import IntegrityError

    version = registry.register("late", "a")
    key = registry.blobs("late").key(version.body.model.files["model.joblib"].digest)
    replace(store, key, dumped(Sneaky(print, ("ran",))))
    monkeypatch.setattr("maturekit.registry.safe.read", lambda *_, **__: pytest.fail("it was parsed"))
    with pytest.raises(IntegrityError):
        version.load(trust=["builtins.print"])


def test_a_registry_reads_only_by_serializers_the_caller_gave(registry, store, plain):
    with pytest.raises(ArgumentError, match="could not read what the serializer 'plain' writes"):
        registry.register("late", "a", serializer=plain)
    Registry(store, serializers=[plain]).register("late", "a", serializer=plain)
    assert Registry(store, serializers=[plain])["late:1"].load() == "a"
    with pytest.raises(LookupError, match="late:1 was written by the serializer 'plain'; this registry has 'joblib'"):
        registry["late:1"].load()


def test_another_scikit_learn_is_a_warning_of_ours(registry):
    model = StandardScaler().fit(X)
    data = dumped(model)
    older = {"model.joblib": data.replace(*versions())}
    with pytest.warns(MaturekitWarning, match=r"was fitted with scikit-learn 0\.9\.\d and is read by"):
        again = JoblibSerializer().load(older)
    assert again.mean_.tolist() == model.mean_.tolist()


def versions():
    import sklearn

    here = sklearn.__version__
    return here.encode(), ("0.9." + "0" * 10)[: len(here)].encode()
