"""Statements are ended over one further connection at a time; a silent server isn't asked for each of them."""

import socket
import threading
from contextlib import closing
from pathlib import Path

from functions.comparer.mysql.link import Server
from functions.comparer.mysql.url import read

STATEMENTS = range(5)


def test_a_silent_server_is_asked_once_however_many_statements_wait_to_be_ended() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        server = Server(read(f"mysql://root@127.0.0.1:{mute.getsockname()[1]}", {}, Path()))
        threads = [threading.Thread(target=server.kill_query, args=(number,)) for number in STATEMENTS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        mute.setblocking(False)
        asked = 0
        try:
            while True:
                mute.accept()[0].close()
                asked += 1
        except BlockingIOError:
            pass
    assert asked == 1
