# SPDX-License-Identifier: Apache-2.0
"""A few hundred phones that register, idle, refresh and come back at once after a restart: `./dev soak` in small."""
import pytest
from kit import soak

PHONES = 200

pytestmark = pytest.mark.skipif(soak.missing() is not None, reason=soak.missing() or "")


@pytest.fixture
def crowd(build, tmp_path):
    made = soak.Soak(build, tmp_path, PHONES)
    yield made
    made.close()


def test_phones_register_refresh_and_come_back_after_a_restart_as_the_guard_is_delivered(crowd):
    arrival = crowd.arrive()
    assert arrival["phones"] >= PHONES * 0.8
    crowd.refresh()
    bindings, live = crowd.registered()
    assert (bindings, live) == (PHONES, PHONES)
    storm = crowd.restart()
    assert not storm["refusals"], storm
    assert crowd.registered() == (PHONES, PHONES)
