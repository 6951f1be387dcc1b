"""The state as JSON: small, exact, the same in another process, and refused as a whole when it is not what was written."""

from __future__ import annotations

import base64
import copy
import json
import subprocess
import sys
import zlib

import numpy as np
import pandas as pd
import pytest

from maturekit.drift import Monitor, RowCount
from maturekit.drift.bag import Bag
from maturekit.drift.packed import pack, unpack
from maturekit.errors import ArgumentError, ArgumentTypeError, FormatError, NotFoundError, ProfileMismatchError
from maturekit.profile import Profile


def table(rows, seed, *, columns=2, shift=0.0):
    rng = np.random.default_rng(seed)
    normal = rng.normal(size=(rows, 1)) + rng.normal(shift, 1, size=(rows, columns))
    frame = pd.DataFrame(normal.round(6), columns=[f"x{i}" for i in range(columns)])
    return frame.assign(city=rng.choice(np.array(["Rome", "Oslo", "Bern"]), rows))


def reference(**settings):
    return Profile.of(table(2_000, 0, **settings))


def watching(profile, **settings):
    return Monitor(profile, **{"false_alarms_per_year": 1, "batches_per_year": 365, **settings})


def travelled(state):
    return json.loads(json.dumps(state))


RESUME = """
import json, sys
import pandas as pd
from maturekit.drift import Monitor, RowCount
from maturekit.profile import Profile
profile, state, frames = json.load(sys.stdin)
monitor = Monitor.from_state(Profile.from_json(profile), state, statistics=[RowCount()])
for number, frame in enumerate(frames):
    monitor.update(pd.DataFrame(frame), batch=f"next-{number}")
json.dump(monitor.state(), sys.stdout)
"""


@pytest.mark.parametrize("effects", [False, True])
def test_a_monitor_resumed_in_another_process_goes_on_exactly(effects):
    frame = table(2_000, 0)
    profile = Profile.of(frame, batches=np.repeat(np.arange(20), 100) if effects else None)
    monitor = watching(profile, statistics=[RowCount()])
    for day in range(4):
        monitor.update(table(90 + day, 1 + day), batch=str(day))
    frames = [table(100 + day, 30 + day, shift=2.0 * (day > 1)) for day in range(8)]
    given = json.dumps([profile.to_json(), monitor.state(), [frame.to_dict("list") for frame in frames]])
    done = subprocess.run([sys.executable, "-c", RESUME], input=given, capture_output=True, text=True, check=True)
    for number, frame in enumerate(frames):
        monitor.update(frame, batch=f"next-{number}")
    assert monitor.alarm
    assert json.loads(done.stdout) == travelled(monitor.state())


@pytest.mark.parametrize("effects", [False, True])
def test_a_monitor_resumed_before_every_batch_goes_on_exactly(effects):
    """Through quiet days, an open alarm, its acknowledgement, a second one and a rebase."""
    profile = Profile.of(table(2_000, 0), batches=np.repeat(np.arange(20), 100))
    straight = stepwise = watching(profile, batch_effects=effects, statistics=[RowCount()], clock=lambda: TIME)
    opened = 0
    for day in range(50):
        batch = table(50 + 7 * (day % 5), 100 + day, shift=3.0 * (day >= 15) * (day < 38))
        state = travelled(stepwise.state())
        stepwise = Monitor.from_state(profile, state, statistics=[RowCount()], clock=lambda: TIME)
        assert travelled(stepwise.state()) == state
        readings = [monitor.update(batch, batch=str(day)) for monitor in (straight, stepwise)]
        assert readings[0] == readings[1]
        opened += readings[0].opened
        if day in (28, 48) and straight.alarm:
            for monitor in (straight, stepwise):
                monitor.acknowledge() if opened == 1 else monitor.rebase()
    assert opened >= 2
    assert straight.state() == stepwise.state()


TIME = pd.Timestamp("2013-05-01", tz="UTC").to_pydatetime()


@pytest.mark.parametrize(("effects", "quiet", "alarm"), [(False, 30_000, 37_000), (True, 55_000, 80_000)])
def test_the_state_of_twenty_columns_is_small_and_keeps_its_size(effects, quiet, alarm):
    frame = table(2_000, 0, columns=19)
    profile = Profile.of(frame, batches=np.repeat(np.arange(20), 100))
    monitor = watching(profile, batch_effects=effects)
    sizes = {}
    for day in range(100):
        monitor.update(table(20, 10 + day, columns=19), batch=f"2013-05-{day:03d}")
        sizes[day] = len(json.dumps(monitor.state()))
    assert not monitor.alarm
    assert max(sizes.values()) < quiet  # measured 23,000 and 43,000
    assert sizes[99] < 1.05 * sizes[70]
    for day in range(20):
        monitor.update(table(20, 200 + day, columns=19, shift=5.0), batch=f"2014-05-{day:03d}")
    assert monitor.alarm
    assert len(json.dumps(monitor.state())) < alarm  # measured 31,000 and 66,000


def test_the_state_grows_in_proportion_to_columns():
    sizes = []
    for columns in (25, 100):
        monitor = watching(Profile.of(table(500, 0, columns=columns), batches=np.zeros(500)), batch_effects=False)
        for day in range(5):
            monitor.update(table(50, 10 + day, columns=columns), batch=str(day))
        sizes.append(len(json.dumps(monitor.state())))
    assert sizes[1] < 4 * sizes[0]


def test_ten_thousand_numbers_of_batches_take_little_room_in_any_order():
    numbers = np.random.default_rng(3).lognormal(3, 1, 10_000)
    bags = []
    for order in (numbers, numbers[::-1], np.sort(numbers)):
        bag = Bag()
        for number in order.tolist():
            bag = bag.plus(number)
        bags.append(bag)
    assert dict(bags[0].counts) == dict(bags[1].counts) == dict(bags[2].counts)
    assert {(bag.digits, bag.mean, bag.sd, bag.total) for bag in bags} == {
        (bags[0].digits, bags[0].mean, bags[0].sd, 10_000)
    }
    assert len(bags[0].counts) <= 400
    half = Bag()
    for number in numbers[:5_000].tolist():
        half = half.plus(number)
    assert min(bags[0].minus(half).counts.values()) > 0
    assert bags[0].minus(half).total == 5_000


@pytest.mark.parametrize(
    "numbers",
    [
        np.zeros((0, 3)),
        np.array([], dtype=np.int64),
        np.array([0, -1, 2**62]),
        np.array([0.1, 0.25, 1e300]),
        np.array([[0.01, -3.5], [1e12, 7.0]]),
        np.array([2.0**-30, 1.5]),
        np.random.default_rng(0).normal(size=(4, 5)),
        np.asfortranarray(np.random.default_rng(0).normal(size=(4, 5)).round(4)),
    ],
)
def test_arrays_come_back_exactly_from_little_endian_json(numbers):
    packed = travelled(pack(numbers))
    kind = numbers.dtype.type
    again = unpack(packed, shape=numbers.shape, dtype=kind)
    assert again.dtype == numbers.dtype and again.tolist() == numbers.tolist()
    assert packed["type"][0] == "<"
    swapped = pack(numbers.astype(numbers.dtype.newbyteorder(">")).astype(numbers.dtype))
    assert swapped == packed


def test_what_is_stored_can_be_read_with_a_few_lines_anywhere():
    packed = pack(np.array([[1.5, -2.0], [300.0, 0.25]]))
    planes = zlib.decompress(base64.b64decode(packed["data"]))
    size = len(planes) // 4
    whole = [
        int.from_bytes(bytes(planes[4 * byte + place] for byte in range(size)), "little", signed=True)
        for place in range(4)
    ]
    assert [number / packed["unit"] for number in whole] == [1.5, -2.0, 300.0, 0.25]


def test_differences_to_what_the_reader_has_are_stored_where_that_is_exact():
    base, numbers = np.arange(1000) ** 3, np.arange(1000) ** 3 + 1
    small = pack(numbers, base)
    assert len(small["data"]) < 0.1 * len(pack(numbers)["data"])
    assert unpack(small, shape=(1000,), dtype=np.int64, base=base).tolist() == numbers.tolist()


def test_a_small_text_that_would_grow_to_gigabytes_is_refused_unread():
    bomb = base64.b64encode(zlib.compress(bytes(50_000_000), 9)).decode()
    with pytest.raises(FormatError, match="not as many numbers"):
        unpack({"type": "<i8", "unit": 1, "shape": [2], "data": bomb}, shape=(2,), dtype=np.int64)


PROFILE = reference()
MONITOR = watching(PROFILE, statistics=[RowCount()], groups={"operations": ["x1"]})
for _day in range(3):
    MONITOR.update(table(100, _day), batch=str(_day))
STATE = travelled(MONITOR.state())
LEVEL = MONITOR._state.level.T
CELLS = MONITOR._state.known.pools[""].cells


def restored(state, profile=PROFILE):
    return Monitor.from_state(profile, state, statistics=[RowCount()])


def damaged(path, value):
    state = copy.deepcopy(STATE)
    *steps, last = path.split("/")
    inner = state
    for step in steps:
        inner = inner[step]
    inner[last] = value
    return state


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("format", None),
        ("settings", {}),
        ("settings", []),
        ("settings/false_alarms_per_year", -1),
        ("settings/batches_per_year", float("nan")),
        ("settings/batches_per_year", "365"),
        ("settings/tolerance", None),
        ("settings/tolerance", {"sd": "x", "share": 0, "correlation": 0}),
        ("settings/groups", [1]),
        ("settings/groups", {"performance": 5}),
        ("settings/batch_effects", "yes"),
        ("settings/batch_effects", True),
        ("settings/more", 1),
        ("statistics", None),
        ("views", 5),
        ("state", None),
        ("state/updates", -1),
        ("state/updates", 1.5),
        ("state/updates", True),
        ("state/updates", 2**60),
        ("state/level", None),
        ("state/level", LEVEL.tolist()),
        ("state/level", pack(np.full(LEVEL.shape, np.nan))),
        ("state/level", pack(LEVEL - 10**6)),
        ("state/level", pack(LEVEL + 2**40)),
        ("state/level", pack(LEVEL + 0.3)),
        ("state/level", pack(LEVEL[:, 1:])),
        ("state/level/type", "<O8"),
        ("state/level/type", ["<i4"]),
        ("state/level/unit", 0.1),
        ("state/level/unit", True),
        ("state/level/shape", [10]),
        ("state/level/data", None),
        ("state/level/data", "é"),
        ("state/level/data", "AAAA"),
        ("state/level/data", STATE["state"]["level"]["data"][:-8]),
        ("state/batches", pack(-np.ones(LEVEL.shape))),
        ("state/batches", pack(np.full(LEVEL.shape, 1e300))),
        ("state/mean_rows", pack(np.full(LEVEL.shape, -1.0))),
        ("state/mean_rows", pack(np.full(LEVEL.shape, 1.7e308))),
        ("state/values", pack(np.full(LEVEL.shape, np.inf))),
        ("state/known", None),
        ("state/known/pools", {}),
        ("state/known/pools", {"weekend": STATE["state"]["known"]["pools"][""]}),
        ("state/known/pools//cells", pack(-2 * CELLS)),
        ("state/known/pools//cells", pack(CELLS * 0 + np.arange(len(CELLS)) * 10**6)),
        ("state/known/pools//pair_sums", pack(np.full((1, 3), 1e9))),
        ("state/known/effects", {}),
        ("state/known/bags", []),
        ("state/known/bags", {"": {"rows of a batch": {}}}),
        ("state/known/bags", {"": {"another": STATE["state"]["known"]["bags"][""]["rows of a batch"]}}),
        ("state/known/bags//rows of a batch/digits", 0),
        ("state/known/bags//rows of a batch/counts", pack(np.array([-3]))),
        ("state/known/bags//rows of a batch/values/shape", [10**12]),
        ("state/grown", STATE["state"]["known"]),
        ("state/alarm", 5),
        ("state/alarm", "0"),
        ("state/recent", []),
        ("state/recent", {}),
        ("state/recent", {"data": "abc"}),
        ("state/recent", {"data": [1]}),
        ("state/recent", {"data": ["0"]}),
        ("state/recent", {**STATE["state"]["recent"], "performance": ["a"]}),
        ("state/recent", {**STATE["state"]["recent"], "data": ["a"] * 65}),
    ],
)
def test_a_damaged_state_is_refused_as_a_whole(path, value):
    with pytest.raises(FormatError, match=r"damaged|malformed|does not fit"):
        restored(damaged(path, value))


@pytest.mark.parametrize("key", ["settings", "statistics", "views", "profile", "state"])
def test_a_state_that_lacks_a_part_is_refused(key):
    with pytest.raises(FormatError, match="malformed"):
        restored({name: part for name, part in STATE.items() if name != key})


@pytest.mark.parametrize("key", list(STATE["state"]))
def test_a_state_that_lacks_a_number_is_refused(key):
    with pytest.raises(FormatError, match="malformed"):
        restored({**STATE, "state": {name: part for name, part in STATE["state"].items() if name != key}})


def test_random_damage_is_an_error_of_format_or_a_state_that_works():
    text, rng = json.dumps(STATE), np.random.default_rng(7)
    frame, refused = table(50, 9), 0
    for _ in range(300):
        at = int(rng.integers(0, len(text)))
        broken = text[:at] + chr(int(rng.integers(32, 127))) + text[at + 1 :]
        try:
            state = json.loads(broken)
            monitor = restored(state)
        except (FormatError, ProfileMismatchError, ArgumentError, NotFoundError, json.JSONDecodeError):
            refused += 1
            continue
        monitor.update(frame, batch="next")
    assert refused > 250  # zlib's own checksum finds what happens to numbers; names of batches can be anything


def test_states_of_another_profile_a_newer_format_or_other_statistics_are_refused():
    assert restored(STATE).state() == MONITOR.state()
    with pytest.raises(ProfileMismatchError, match="belongs to the profile"):
        restored(STATE, Profile.of(table(500, 3)))
    with pytest.raises(ProfileMismatchError, match="belongs to the profile"):
        restored(STATE, Profile.of(table(500, 3).drop(columns="x1")))  # which has no column of a group
    with pytest.raises(FormatError, match="format 2"):
        restored({**STATE, "format": 2})
    with pytest.raises(ArgumentError, match=r"with the statistics \['rows of a batch'\]"):
        Monitor.from_state(PROFILE, STATE)
    with pytest.raises(ArgumentTypeError, match="must be a Profile"):
        Monitor.from_state(table(5, 1), STATE)
    for nothing in (None, [], "state", {}):
        with pytest.raises(FormatError, match="no format number"):
            restored(nothing)
