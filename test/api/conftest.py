# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the black-box tests.  They build nothing: the programs are those of $COUNTERSIGN_BUILD.

    broker        a running countersignd, one per test file, with people, a reference set and the policy "worker"
    admin         acts as alice (registrar, operator), bob (approver), carol (auditor), dave, files (relying-party)
    guest         a new guest with a good TPM; `guest.ready()` attests and takes a token
    make_guest    more of them
    make_broker   a broker of one's own, for tests that change the configuration or end the process
"""
import itertools
import os
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from harness.admin import Admin, usual_policy, usual_reference_set
from harness.broker import BUILD, PEOPLE, Broker
from harness.guest import Guest
from harness.pki import Pki
from harness.tpm import SoftTpm

POLICY = "worker"
REFERENCE_SET = "worker-boot"


@pytest.fixture(scope="session")
def programs():
    if not os.access(os.path.join(BUILD, "countersignd"), os.X_OK):
        pytest.fail(f"{BUILD}/countersignd is not there: run make", pytrace=False)
    return BUILD


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    return Pki(str(tmp_path_factory.mktemp("pki")))


@pytest.fixture(scope="session")
def people(pki):
    return {name: pki.person(name) for name in PEOPLE}


@pytest.fixture(scope="session")
def tpm():
    """The machine whose measurements are registered."""
    return SoftTpm()


@pytest.fixture(scope="module")
def make_broker(programs, pki, people, tmp_path_factory):
    """make_broker(config) starts one; all are ended after the file's last test."""
    started = []

    def make(config=None, start=True):
        folder = tmp_path_factory.mktemp("broker")
        broker = Broker(folder, pki, people, config)
        started.append(broker)
        return broker.start() if start else broker

    yield make
    statuses = [(broker.stop(), broker.log()[-4000:] if os.path.exists(broker.log_file) else "") for broker in started]
    for broker in started:
        shutil.rmtree(broker.folder, ignore_errors=True)
    # A sanitizer's complaint at the end, a leak for example, is a failure of the file.
    for status, log in statuses:
        assert status in (0, None), log
        assert "ERROR: " not in log and "WARNING: ThreadSanitizer" not in log, log


@pytest.fixture(scope="module")
def populate(tpm):
    """populate(broker) registers the usual documents; returns its Admin."""

    def fill(broker, **changes):
        admin = Admin(broker)
        admin.register("reference-set", usual_reference_set(REFERENCE_SET, tpm))
        admin.register("policy", usual_policy(POLICY, REFERENCE_SET, **changes))
        return admin

    return fill


@pytest.fixture(scope="module")
def broker(make_broker):
    return make_broker()


@pytest.fixture(scope="module")
def admin(broker, populate):
    admin = populate(broker)
    yield admin
    admin.close()


@pytest.fixture
def make_guest(broker, admin, tpm):
    guests = []

    def make(policy=POLICY, tpm=tpm, broker=broker, key=None):
        guests.append(Guest(broker, tpm, policy, key))
        return guests[-1]

    yield make
    for guest in guests:
        guest.close()


@pytest.fixture
def guest(make_guest):
    return make_guest()


@pytest.fixture(scope="session")
def fresh_name():
    """fresh_name() never gives the same name twice."""
    numbers = itertools.count(1)
    return lambda prefix="x": f"{prefix}-{next(numbers)}"
