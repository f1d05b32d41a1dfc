"""Ids differ, whoever makes them and in whichever process, and sort by when they were made."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122

from mno.platform.ids import new_id, new_span_id, new_trace_id


def test_an_id_is_a_uuid_of_version_7() -> None:
    for _ in range(300):
        one = new_id()
        assert (one.version, one.variant) == (7, RFC_4122)


def test_ids_of_many_threads_differ() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = [one for some in pool.map(lambda _: [new_id() for _ in range(500)], range(16)) for one in some]
    assert len(set(made)) == 8_000


#: Alone in a process of its own: to fork beside other threads is not safe.
_FORKING = """
import os
from mno.platform.ids import new_id

new_id()  # so that there is something that a child could inherit
child = os.fork()
made = [new_id().bytes[6:].hex() for _ in range(50)]
if child:
    os.waitpid(child, 0)
os.write(1, (" ".join(made) + "\\n").encode())
os._exit(0)
"""


def test_a_forked_process_makes_other_ids() -> None:
    told = subprocess.run([sys.executable, "-c", _FORKING], check=True, capture_output=True, text=True).stdout
    theirs, ours = (set(line.split()) for line in told.splitlines())
    assert len(theirs) == len(ours) == 50
    assert theirs.isdisjoint(ours)


def test_traces_and_spans_have_ids_of_their_length() -> None:
    assert {len(new_trace_id()) for _ in range(100)} == {16}
    assert len({new_span_id() for _ in range(1_000)}) == 1_000
    assert {len(new_span_id()) for _ in range(100)} == {8}
