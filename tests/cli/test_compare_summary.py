"""The last line of `parity compare`: it claims no more than was compared."""

import pytest

from functions.local.samples import Samples
from tests.cli.conftest import Parity


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--lines", "--tables", "customers"], "objects, values and all other tables not compared"),
        (["--contents", "--tables", "customers"], "objects and all other tables not compared"),
        (["--contents"], "objects not compared"),
    ],
)
def test_tables_that_were_left_out_are_told(parity: Parity, shop: Samples, options: list[str], sentence: str) -> None:
    ended = parity("compare", str(shop.source), str(shop.source), *options)
    assert ended.code == 0
    assert ended.out.splitlines()[-1].endswith(f"; {sentence}")
