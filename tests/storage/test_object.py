"""A bucket as a store: one winner for each key, on a server that keeps its word and on servers that do not."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap
import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from maturekit.errors import ArgumentError, KeyMissingError, KeyTakenError, MissingExtraError, StorageError
from maturekit.storage import ObjectStore, open_store
from maturekit.testing.stores import STORE_CHECKS


@pytest.mark.parametrize("check", STORE_CHECKS, ids=lambda check: check.__name__)
def test_a_bucket_keeps_the_contract_of_stores(store, check):
    check(store)


def test_several_processes_claim_numbers_and_each_is_won_once(store):
    code = """
    import pickle, sys
    from maturekit.errors import KeyTakenError
    store, me = pickle.loads(bytes.fromhex(sys.argv[1])), sys.argv[2]
    won = 0
    for number in range(20):
        try:
            store.put_new(f"log/{number:03d}", me.encode() * 1000)
            won += 1
        except KeyTakenError:
            assert len(set(store.get(f"log/{number:03d}"))) == 1
    print(won)
    """
    script = [sys.executable, "-c", textwrap.dedent(code), pickle.dumps(store).hex()]
    writers = [subprocess.Popen([*script, me], stdout=subprocess.PIPE, text=True) for me in "abc"]
    assert sum(int(writer.communicate()[0]) for writer in writers) == 20
    assert [len(set(store.get(key))) for key in store.list()] == [1] * 20


def test_large_values_come_back_and_are_hashed_on_the_way(store):
    data = os.urandom(9 * 2**20)
    store.put_new("a/large", data)
    read, digest = store.read("a/large")
    assert read == data
    assert not read.readonly
    with store.writer("a/") as writer:
        writer.write(data)
        assert writer.finish() == digest
        writer.put_new("a/again")
    assert store.get("a/again") == data


def test_stores_of_one_bucket_do_not_see_each_other(moto, bucket, store):
    store.put_new("a", b"one")
    other = ObjectStore(f"{bucket}/models-2", options=store.options)
    other.put_new("a", b"two")
    whole = ObjectStore(bucket, options=store.options)
    assert list(whole.list()) == ["models-2/a", "models/a"]
    assert store.get("a") == b"one"


def test_a_folder_made_by_hand_is_no_key(server):
    server.objects["models/"] = server.objects["models/logs/"] = b"", None, datetime.now(UTC)
    assert server.store().is_empty()
    assert server.store("").is_empty()
    assert list(server.store().children()) == ["logs"]


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_the_environment_is_enough(moto, bucket, monkeypatch, name):
    for each, value in {name: moto, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}.items():
        monkeypatch.setenv(each, value)
    store = open_store(f"{bucket}/models")
    store.put_new("a", b"one")
    assert store.get("a") == b"one"
    assert store.endpoint == moto


def test_options_that_cannot_be_used_are_named_and_not_shown():
    pytest.importorskip("obstore")
    with pytest.raises(ArgumentError, match="these options cannot be used: endpoint, secret_access_key"):
        ObjectStore("s3://bucket", options={"endpoint": "http://[", "secret_access_key": "s3cr3t"})


# Whether the server can be trusted is tried out before the first write.


def test_a_server_that_lets_every_writer_win_is_refused(server):
    server.ignores_condition = True
    store = server.store()
    for _ in range(2):
        with pytest.raises(StorageError, match="lets every writer of a key win: the server ignores the condition"):
            store.put_new("a", b"one")
    assert server.objects == {}


def test_a_server_that_drops_metadata_is_refused(server):
    server.drops_metadata = True
    with pytest.raises(StorageError, match="does not keep the metadata of objects"):
        server.store().put_new("a", b"one")
    assert server.objects == {}


def test_the_server_is_tried_once_by_each_object_and_never_for_reading(server):
    store = server.store()
    assert not store.exists("a")
    assert server.requests == ["HEAD models/a"]
    server.requests.clear()
    threads = [threading.Thread(target=store.put_new, args=(f"a/{me}", b"one")) for me in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [request.partition("/.probe-")[0] for request in server.requests[:3]] == [
        "PUT models",
        "PUT models",
        "HEAD models",
    ]
    assert len(server.requests) == 3 + 1 + 4  # three to try it out, one to clean up, one for each value
    assert set(server.objects) == {f"models/a/{me}" for me in range(4)}
    pickle.loads(pickle.dumps(store)).put_new("b", b"one")
    assert len(server.requests) == 8 + 4 + 1


def test_a_trial_that_was_broken_off_is_swept_and_never_listed(server):
    store = server.store()
    server.objects["models/.probe-0123"] = b"a test", None, datetime.now(UTC) - timedelta(days=1)
    assert store.is_empty()
    assert list(store.children()) == []
    assert store.sweep(datetime.now(UTC) - timedelta(days=2)) == 0
    assert store.sweep(datetime.now(UTC) - timedelta(hours=1)) == 1
    assert server.objects == {}


# What goes wrong on the way.


@pytest.mark.parametrize("status", [0, 500, 503])
def test_a_write_whose_answer_was_lost_counts_as_ours(server, status):
    store = server.store()
    store.put_new("first", b"one")
    server.requests.clear()
    server.answers = [(status, b"", True)]
    store.put_new("a", b"one")
    assert server.requests == ["PUT models/a", "PUT models/a", "HEAD models/a"]
    assert store.get("a") == b"one"


def test_a_write_whose_answers_were_all_lost_counts_as_ours(server):
    store = server.store(retries=1)
    store.put_new("first", b"one")
    server.answers = [(500, b"", True)] * 2
    store.put_new("a", b"one")
    assert store.get("a") == b"one"


def test_a_write_that_failed_before_another_writer_won_is_not_ours(server):
    store = server.store()
    store.put_new("first", b"one")
    server.answers = [(503, b"", False)]
    server.objects["models/a"] = b"other", "another writer", datetime.now(UTC)
    with pytest.raises(KeyTakenError):
        store.put_new("a", b"one")
    assert store.get("a") == b"other"


def test_a_conflict_with_a_write_on_its_way_is_tried_again(server):
    store = server.store()
    store.put_new("first", b"one")
    server.answers = [(409, b"<Error><Code>ConditionalRequestConflict</Code></Error>", False)]
    store.put_new("a", b"one")
    assert store.get("a") == b"one"
    server.answers = [(409, b"", False), (404, b"", False)] * 9
    with pytest.raises(StorageError, match="the server says that it is there, and that it is not"):
        store.put_new("b", b"two")


def test_when_no_answer_came_at_all_it_says_that_nobody_knows(server):
    store = server.store(retries=0, timeout=0.2)
    store._proven = True
    server.late = 0.5
    with pytest.raises(StorageError, match=r"no answer in time.*\n\n.*Whether the value was written is not known"):
        store.put_new("a", b"one")


def test_half_a_value_is_never_returned(server):
    store = server.store(retries=0)
    store.put_new("a", b"0123456789")
    server.cut = 5
    for read in (store.get, store.read):
        with pytest.raises(StorageError, match="could not read 'a' in s3://bucket/models: the connection broke off"):
            read("a")


def test_renewing_leaves_the_value_and_its_writer_as_they_were(server):
    store = server.store()
    store.put_new("a", b"one")
    data, writer, _ = server.objects["models/a"]
    server.objects["models/a"] = data, writer, datetime.now(UTC) - timedelta(days=2)
    assert store.modified("a") < datetime.now(UTC) - timedelta(days=1)
    store.renew("a")
    assert store.modified("a") > datetime.now(UTC) - timedelta(days=1)
    assert server.objects["models/a"][:2] == (data, writer)


def test_renewing_never_brings_back_what_was_deleted_meanwhile(server):
    store = server.store()
    store.put_new("a", b"one")
    obstore = store._api

    def deleted_first(*arguments, **more):
        server.objects.clear()
        return obstore.put(*arguments, **more)

    store._api = SimpleNamespace(get=obstore.get, head=obstore.head, put=deleted_first)
    with pytest.raises(KeyMissingError):
        store.renew("a")
    assert server.objects == {}


# Errors say what to do, and show no password.


def calls(store):
    return [
        lambda: store.put_new("a", b"one"),
        lambda: store.get("a"),
        lambda: list(store.list()),
        lambda: list(store.children()),
        lambda: store.delete("a"),
    ]


def test_a_missing_bucket_is_named(moto):
    from maturekit.storage import ObjectStore as Store

    options = {"endpoint": moto, "region": "us-east-1", "access_key_id": "a", "secret_access_key": "b"}
    for call in calls(Store("s3://no-such-bucket/models", options=options)):
        with pytest.raises(StorageError, match="there is no bucket 'no-such-bucket'") as caught:
            call()
        assert not isinstance(caught.value, KeyMissingError)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "SignatureDoesNotMatch", r"access denied \(403 SignatureDoesNotMatch\)"),
        (401, "Unauthorized", "access denied"),
        (400, "ExpiredToken", r"the server refused \(400 ExpiredToken\)"),
        (301, "PermanentRedirect", "the bucket is in another region"),
        (501, "NotImplemented", "the server does not know this operation"),
        (503, "SlowDown", r"the server has trouble \(503"),
    ],
)
def test_a_refusal_is_worded_and_shows_no_password(server, status, code, words):
    store = server.store(retries=0)
    body = f"<Error><Code>{code}</Code><AWSAccessKeyId>AKIATESTS</AWSAccessKeyId></Error>".encode()
    for call in calls(store):
        server.answers = [(status, body, False)] * 3
        with pytest.raises(StorageError, match=words) as caught:
            call()
        assert not {word for word in ("AKIATESTS", store.options["secret_access_key"]) if word in str(caught.value)}
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__  # the client's own text is not shown below ours


def test_a_server_that_is_not_there_is_given_up_soon(server):
    store = server.store(retries=1)
    server.stop()
    for call in [*calls(store), lambda: store.exists("a"), lambda: store.modified("a")]:
        with pytest.raises(StorageError, match="the server cannot be reached"):
            call()


def test_missing_credentials_are_said_to_be_missing(server, monkeypatch):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", f"http://127.0.0.1:{server.server_port}/169.254.169.254")
    server.answers = [(404, b"", False)] * 9
    store = ObjectStore("s3://bucket", options={"endpoint": server.store().endpoint}, retries=0)
    with pytest.raises(StorageError, match="no credentials were found") as caught:
        store.get("a")
    assert "AWS_ACCESS_KEY_ID" in str(caught.value)


def test_addresses_and_options_are_checked_at_once():
    pytest.importorskip("obstore")
    for url in (
        "s3://",
        "s3:bucket",
        "s3://bucket/a//b",
        "s3://bucket/../b",
        "s3://bucket/.a",
        "ftp://a",
        "s3://b/a b",
    ):
        with pytest.raises(ArgumentError, match="is not of the form 's3://bucket/prefix'"):
            ObjectStore(url)
    with pytest.raises(ArgumentError) as caught:
        ObjectStore("s3://AKIA:secret@bucket/models")
    assert "secret" not in str(caught.value)
    with pytest.raises(ArgumentError, match="obstore knows no option 'end_point'"):
        ObjectStore("s3://bucket", options={"end_point": "http://localhost"})
    with pytest.raises(TypeError, match="options are texts under texts"):
        ObjectStore("s3://bucket", options={"region": 1})
    for wrong in ({"timeout": 0}, {"timeout": float("nan")}, {"retries": -1}, {"retries": 1.5}):
        with pytest.raises(ArgumentError, match="must be"):
            ObjectStore("s3://bucket", **wrong)


@pytest.mark.parametrize(("url", "kind"), [("gs://bucket/models", "GCSStore"), ("az://bucket/models", "AzureStore")])
def test_stores_of_other_clouds_are_opened(url, kind, monkeypatch):
    pytest.importorskip("obstore")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "tests")
    store = open_store(url)
    assert type(store._client).__name__ == kind
    assert repr(store) == f"ObjectStore({url!r})"


def test_without_the_extra_it_says_which_one(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(
        MissingExtraError, match=r"a store at s3://bucket needs .*'obstore'.*\n\n.*maturekit\[objects\]"
    ):
        open_store("s3://bucket")


def test_a_forked_process_is_told_instead_of_waiting_for_ever(store):
    code = """
    import os, pickle, sys
    from maturekit.errors import StorageError
    store = pickle.loads(bytes.fromhex(sys.argv[1]))
    if os.fork() == 0:
        store.put_new("a", b"one")  # the first use is behind this fork
        os._exit(0)
    assert os.wait()[1] == 0
    assert store.get("a") == b"one"
    if os.fork() == 0:
        try:
            store.get("a")
        except StorageError as error:
            print(error, flush=True)
        os._exit(0)
    os.wait()
    """
    script = [sys.executable, "-c", textwrap.dedent(code), pickle.dumps(store).hex()]
    done = subprocess.run(script, capture_output=True, text=True, check=True, timeout=30)
    assert "this process was forked from one that had used an object store" in done.stdout, done.stderr
    assert "spawn" in done.stdout


def test_a_store_in_memory_is_in_this_process_only():
    pytest.importorskip("obstore")
    with pytest.raises(TypeError, match="memory:// cannot be pickled"):
        pickle.dumps(ObjectStore("memory://"))
