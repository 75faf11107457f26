# SPDX-License-Identifier: Apache-2.0
"""Vectors of the TDX level rows: QE and module against their identities, levels, statuses, how they converge, and what a policy says of them."""
import itertools

from gen_tdx import Maker, tdx
from harness.tdx import NEW, OLD, level, module, svn_level

UP, OUT, REVOKED = "UpToDate", "OutOfDate", "Revoked"
SWH, CONF, CONF_SWH = "SWHardeningNeeded", "ConfigurationNeeded", "ConfigurationAndSWHardeningNeeded"
OUT_CONF, RELAUNCH, RELAUNCH_CONF = "OutOfDateConfigurationNeeded", "TDRelaunchAdvised", "TDRelaunchAdvisedConfigurationNeeded"
# Intel's algorithm, written out: what a platform's status becomes when the module or the QE is out of date.
AGED = {UP: OUT, SWH: OUT, CONF: OUT_CONF, CONF_SWH: OUT_CONF, OUT: OUT, OUT_CONF: OUT_CONF, REVOKED: REVOKED}
CURRENT = (UP, SWH, CONF, CONF_SWH)


def converged(platform, *components):
    if REVOKED in components:
        return REVOKED
    return AGED[platform] if OUT in components else platform


def relaunched(launch, current):
    if launch in (OUT, OUT_CONF) and current in CURRENT:
        return RELAUNCH_CONF if any("Configuration" in status for status in (launch, current)) else RELAUNCH
    order = [UP, SWH, CONF, CONF_SWH, RELAUNCH, RELAUNCH_CONF, OUT, OUT_CONF, REVOKED]
    return max(launch, current, key=order.index)


def word(status):
    return "".join("-" + c.lower() if c.isupper() else c for c in status.replace("SW", "Sw").replace("TD", "Td")).lstrip("-")


class Levels(Maker):
    def __init__(self, folder, world):
        super().__init__(folder, world)
        self.raw = self.machine.quote().bytes()

    def top(self, status=UP, date=NEW, advisories=(), **svns):
        """The level of exactly this machine."""
        sgx = svns.get("sgx", self.machine.components)
        return level(sgx, svns.get("pcesvn", self.machine.pcesvn), svns.get("tdx", tdx.TDX_SVNS), status, date, advisories)

    def files(self, tcb=None, levels=None, modules=None, qe=None, **instead):
        """Collateral with other levels; qe: levels of the QE identity."""
        members = {**(tcb or {})}
        members |= {"tcbLevels": levels} if levels is not None else {}
        members |= {"tdxModuleIdentities": modules} if modules is not None else {}
        return self.world.collateral(self.machine, tcb=members, qe={"tcbLevels": qe} if qe is not None else None, **instead)

    def status(self, name, wanted, files, raw=None, **tcb):
        """Refused by the default policy for its status alone, with the status told; accepted by a policy that lists it."""
        raw = self.raw if raw is None else raw
        said = {"claims": {"verified": True}, "tcb": {"status": wanted, **tcb}}
        if wanted == UP:
            self.quote(f"good-{name}", raw, files, **said)
        else:
            self.quote(f"bad-{name}", raw, files, "reject", ["tcb.status"], **said)
            self.quote(f"good-{name}", raw, files, policy={"tcb_status": [wanted]}, **said)
            others = [s for s in (*AGED, RELAUNCH, RELAUNCH_CONF) if s != wanted]
            self.quote(f"bad-{name}-others", raw, files, "reject", ["tcb.status"], policy={"tcb_status": others}, **said)

    # ---- the QE and the module against their identities

    def identities(self):
        other = "DD" * 32
        for check, name, members in (
            ("qe.mrsigner", "qe-mrsigner", {"mrsigner": other}),
            ("qe.isvprodid", "qe-isvprodid", {"isvprodid": 1}),
            ("qe.isvprodid", "qe-isvprodid-high", {"isvprodid": 0x102}),
            ("qe.miscselect", "qe-miscselect-of-identity", {"miscselect": "00000001"}),
            ("qe.attributes", "qe-attributes-of-identity", {"attributes": "15" + "00" * 15}),
        ):
            mask = {"attributesMask": "FF" * 16} if check == "qe.attributes" else {}
            self.bad(check, name, files=self.world.collateral(self.machine, qe={**members, **mask}))
        first, last = bytes([tdx.QE_MRSIGNER[0] ^ 1]) + tdx.QE_MRSIGNER[1:], tdx.QE_MRSIGNER[:-1] + b"\0"
        for check, name, qe in (
            ("qe.mrsigner", "qe-report-mrsigner-first", tdx.Qe(mrsigner=first)),
            ("qe.mrsigner", "qe-report-mrsigner-last", tdx.Qe(mrsigner=last)),
            ("qe.isvprodid", "qe-report-isvprodid", tdx.Qe(isvprodid=1)),
            ("qe.miscselect", "qe-report-miscselect-first", tdx.Qe(miscselect=1)),
            ("qe.miscselect", "qe-report-miscselect-last", tdx.Qe(miscselect=1 << 31)),
            ("qe.attributes", "qe-report-debug", tdx.Qe(attributes=b"\x13" + bytes(15))),
            ("qe.attributes", "qe-report-not-initialised", tdx.Qe(attributes=b"\x10" + bytes(15))),
        ):
            self.bad(check, name, {"qe": qe})
        self.good("qe-masked-attributes", {"qe": tdx.Qe(attributes=b"\x15" + bytes(7) + b"\xe7" + bytes(7))})
        masked = self.world.collateral(self.machine, qe={"miscselectMask": "FFFFFF00"})
        self.quote("good-qe-masked-miscselect", self.machine.quote(qe=tdx.Qe(miscselect=0x80)).bytes(), masked)
        masked = self.world.collateral(self.machine, qe={"miscselectMask": "00FFFFFF"})
        self.bad("qe.miscselect", "qe-masked-other-end", {"qe": tdx.Qe(miscselect=0x80)}, files=masked)
        self.modules()

    def modules(self):
        svn = bytes([6, 2, 3]) + bytes(13)
        self.bad("module.identity", "module-unknown", {"tee_tcb_svn": svn})
        for name, modules in {"none": [], "others": [module(3, svn_level(0)), module(0x11, svn_level(0))]}.items():
            self.bad("module.identity", f"modules-{name}", files=self.files(modules=modules))
        self.good("module-lower-case", files=self.files(modules=[module(1, svn_level(6), id="tdx_01")]))
        self.good("module-hex", {"tee_tcb_svn": bytes([6, 0x1A, 3]) + bytes(13)}, files=self.files(modules=[module(0x1A, svn_level(6))]))
        for at in (0, 47):
            seen = bytes(at) + b"\1" + bytes(47 - at)
            self.bad("module.mrsigner", f"mrsignerseam-{at}", {"mrsignerseam": seen})
            named = self.files(modules=[module(1, svn_level(6), mrsigner=seen.hex())])
            self.good(f"mrsignerseam-{at}", {"mrsignerseam": seen}, files=named)
            self.bad("module.mrsigner", f"mrsignerseam-of-identity-{at}", files=named)
        old = {"tee_tcb_svn": bytes([6, 0, 3]) + bytes(13)}
        self.bad("module.mrsigner", "mrsignerseam-1.0", {**old, "mrsignerseam": b"\1" * 48})
        base = self.files(tcb={"tdxModule": {"mrsigner": "01" * 48, "attributes": "00" * 8, "attributesMask": "FF" * 8}})
        self.bad("module.mrsigner", "mrsigner-of-tdx-module", old, files=base)
        self.good("mrsigner-of-tdx-module-unused", files=base)
        for at in (0, 7):
            self.bad("module.attributes", f"seamattributes-{at}", {"seamattributes": bytes(at) + b"\1" + bytes(7 - at)})
        allowed = self.files(modules=[module(1, svn_level(6), attributes="01" + "00" * 7)])
        self.bad("module.attributes", "seamattributes-of-identity", files=allowed)
        self.bad("module.attributes", "seamattributes-allowed", {"seamattributes": b"\1" + bytes(7)}, files=allowed)
        masked = self.files(modules=[module(1, svn_level(6), attributes="01" + "00" * 7, attributesMask="FE" + "FF" * 7)])
        self.good("seamattributes-masked", files=masked)

    # ---- levels

    def matching(self):
        """Which level is the machine's: every component, PCESVN, and the TDX components from the right index."""
        machine = self.machine
        for i in range(16):
            sgx = tuple(svn + (k == i) for k, svn in enumerate(machine.components))
            self.bad("tcb.level", f"level-sgx-{i}", files=self.files(levels=[self.top(sgx=sgx)]))
        self.bad("tcb.level", "level-pcesvn", files=self.files(levels=[self.top(pcesvn=machine.pcesvn + 1)]))
        for i in range(16):
            above = tuple(svn + (k == i) for k, svn in enumerate(tdx.TDX_SVNS))
            files = self.files(levels=[self.top(tdx=above)])
            if i > 1:
                self.bad("tcb.level", f"level-tdx-{i}", files=files)
                continue
            self.good(f"level-tdx-{i}-not-compared", files=files)  # the module has levels of its own
            self.bad("tcb.level", f"level-tdx-{i}-1.0", {"tee_tcb_svn": bytes(tdx.TDX_SVNS)}, files=files)
        far = self.files(levels=[self.top(tdx=(255, 255, 3) + (0,) * 13)])
        self.good("level-tdx-module-255", files=far)
        low = self.top(OUT, OLD, sgx=tdx.LOWER, pcesvn=0)
        for name, levels in {"ascending": [low, self.top()], "descending": [self.top(), low]}.items():
            self.status(f"levels-{name}", UP, self.files(levels=levels), date=NEW)
        self.status("level-next", OUT, self.files(levels=[self.top(pcesvn=12), low]), date=OLD)
        between = self.top(SWH, pcesvn=5)
        self.status("level-highest", UP, self.files(levels=[low, between, self.top()]))
        self.status("level-second", SWH, self.files(levels=[low, between, self.top(pcesvn=12)]))
        self.bad("tcb_info.malformed", "levels-equal", files=self.files(levels=[self.top(), self.top(OUT)]))
        self.component_levels()

    def component_levels(self):
        self.bad("module.level", "module-level", files=self.files(modules=[module(1, svn_level(7), svn_level(8))]))
        self.bad("qe.level", "qe-level", files=self.files(qe=[svn_level(5)]))
        ascending = [svn_level(2, OUT, OLD), svn_level(4), svn_level(9, REVOKED)]
        self.status("qe-levels-ascending", UP, self.files(qe=ascending), qe=UP)
        self.status("module-levels-ascending", UP, self.files(modules=[module(1, svn_level(3, OUT, OLD), svn_level(6), svn_level(9, REVOKED))]), module=UP)
        self.status("module-next", OUT, self.files(modules=[module(1, svn_level(7), svn_level(6, OUT, OLD))]), module=OUT, platform=UP, date=OLD)
        self.status("qe-next", OUT, self.files(qe=[svn_level(5), svn_level(4, OUT, OLD)]), qe=OUT, platform=UP, date=OLD)
        self.bad("qe_identity.malformed", "qe-levels-equal", files=self.files(qe=[svn_level(4), svn_level(4, OUT)]))
        self.bad("tcb_info.malformed", "module-levels-equal", files=self.files(modules=[module(1, svn_level(6), svn_level(6, OUT))]))
        for name, tcb in {"missing": {}, "negative": {"isvsvn": -1}, "large": {"isvsvn": 65536}, "text": {"isvsvn": "4"}}.items():
            self.bad("qe_identity.malformed", f"isvsvn-{name}", files=self.files(qe=[{**svn_level(4), "tcb": tcb}]))
            self.bad("tcb_info.malformed", f"module-isvsvn-{name}", files=self.files(modules=[module(1, {**svn_level(4), "tcb": tcb})]))
        self.broken_components()

    def broken_components(self):
        good = self.top()
        for kind in ("sgxtcbcomponents", "tdxtcbcomponents"):
            rows = good["tcb"][kind]
            for name, value in {
                "missing": None,
                "fifteen": rows[:-1],
                "seventeen": [*rows, {"svn": 0}],
                "no-svn": [*rows[:-1], {}],
                "svn-256": [{"svn": 256}, *rows[1:]],
                "svn-text": [{"svn": "4"}, *rows[1:]],
                "numbers": [4] * 16,
            }.items():
                tcb = {k: v for k, v in {**good["tcb"], kind: value}.items() if v is not None}
                self.bad("tcb_info.malformed", f"{kind[:3]}-components-{name}", files=self.files(levels=[{**good, "tcb": tcb}]))
        for name, pcesvn in {"65536": 65536, "negative": -1, "text": "11"}.items():
            self.bad("tcb_info.malformed", f"pcesvn-{name}", files=self.files(levels=[{**good, "tcb": {**good["tcb"], "pcesvn": pcesvn}}]))

    # ---- statuses

    def statuses(self):
        for status in tdx.STATUSES:
            self.status(f"status-{word(status)}", status, self.files(levels=[self.top(status)]), platform=status, module=UP, qe=UP)
        for name in ("FutureStatus", "uptodate", "UpToDate ", "", "NotSupported", RELAUNCH):
            label = word(name).strip() or "empty"
            self.bad("tcb.status_known", f"unknown-{label}-{len(name)}", files=self.files(levels=[self.top(name)]))
        for status in (SWH, CONF, OUT_CONF, "FutureStatus"):
            self.bad("tcb.status_known", f"module-{word(status)}", files=self.files(modules=[module(1, svn_level(6, status))]))
            self.bad("tcb.status_known", f"qe-{word(status)}", files=self.files(qe=[svn_level(4, status)]))

    def convergence(self):
        """Every platform status with every status of module and QE."""
        for platform, of_module, of_qe in itertools.product(AGED, (UP, OUT, REVOKED), (UP, OUT, REVOKED)):
            files = self.files(levels=[self.top(platform)], modules=[module(1, svn_level(6, of_module))], qe=[svn_level(4, of_qe)])
            wanted = converged(platform, of_module, of_qe)
            said = {"status": wanted, "platform": platform, "module": of_module, "qe": of_qe}
            how = {"claims": {"verified": True}, "tcb": said}
            name = f"converge-{word(platform)}-{word(of_module)}-{word(of_qe)}"
            if wanted == UP:
                self.quote(f"good-{name}", self.raw, files, **how)
            else:
                self.quote(f"bad-{name}", self.raw, files, "reject", ["tcb.status"], **how)

    # ---- launched under one module, running under another

    def relaunch(self):
        """A module level for SVN 4 (at launch) and one for SVN 7 (now); the platform's status weighs on both."""
        for platform, launch, current in itertools.product((UP, SWH, CONF, CONF_SWH, OUT), (UP, OUT, REVOKED), (UP, OUT, REVOKED)):
            files = self.files(levels=[self.top(platform)], modules=[module(1, svn_level(7, current), svn_level(4, launch))])
            both = converged(platform, launch), converged(platform, current)
            wanted = relaunched(*both)
            raw = self.now().bytes()
            how = {"claims": {"verified": True}, "tcb": {"status": wanted, "launch": both[0], "current": both[1]}}
            name = f"relaunch-{word(platform)}-{word(launch)}-{word(current)}"
            if wanted == UP:
                self.quote(f"good-{name}", raw, files, **how)
            else:
                self.quote(f"bad-{name}", raw, files, "reject", ["tcb.status"], **how)
        self.status("relaunch", RELAUNCH, self.files(modules=[module(1, svn_level(7), svn_level(4, OUT))]), self.now().bytes())
        by_tdx = [self.top(CONF, tdx=(6, 0, 4) + (0,) * 13), self.top(OUT, OLD)]
        files = self.files(levels=by_tdx, modules=[module(1, svn_level(4))])
        self.status("relaunch-configuration", RELAUNCH_CONF, files, self.now(bytes([7, 1, 4]) + bytes(13)).bytes(), launch=OUT, current=CONF)
        downgrade = self.files(modules=[module(1, svn_level(4), svn_level(2, OUT, OLD, ["INTEL-SA-00777"]))])
        worse = {"launch": UP, "current": OUT, "date": OLD, "advisories": ["INTEL-SA-00777"]}
        self.status("downgraded", OUT, downgrade, self.now(bytes([2, 1, 3]) + bytes(13)).bytes(), **worse)
        for name, svn2 in {"zero": bytes(16), "unknown-module": bytes([7, 9, 3]) + bytes(13), "tdx-2": bytes([7, 1, 2]) + bytes(13)}.items():
            self.bad("tcb.current", f"current-{name}", raw=self.now(svn2).bytes(), files=self.files(modules=[module(1, svn_level(0))]))
        self.good("current-not-of-1.0", {"tee_tcb_svn2": bytes(16)})

    def now(self, svn2=bytes([7, 1, 3]) + bytes(13)):
        return self.machine.quote(version=5, tee_tcb_svn=bytes([4, 1, 3]) + bytes(13), tee_tcb_svn2=svn2)

    # ---- what a policy says of them

    def policies(self):
        dates = ("2021-06-09T00:00:00Z", "2022-11-09T00:00:00Z", "2023-08-09T00:00:00Z")
        for order in itertools.permutations(dates):
            platform, of_module, of_qe = order
            files = self.files(levels=[self.top(date=platform)], modules=[module(1, svn_level(6, date=of_module))], qe=[svn_level(4, date=of_qe)])
            self.quote(f"good-least-date-{order.index(dates[0])}-{order.index(dates[1])}", self.raw, files, tcb={"date": dates[0]})
        for name, least, good in (("same", NEW, True), ("before", OLD, True), ("after", "2024-03-13T00:00:01Z", False)):
            policy = {"tcb_date_min": least}
            if good:
                self.good(f"date-min-{name}", policy=policy)
            else:
                self.bad("tcb.date", f"date-min-{name}", policy=policy)
        for name, tcb, qe, good in (("same", 17, 17, True), ("later", 18, 19, True), ("tcb", 16, 17, False), ("qe", 17, 16, False)):
            files = self.world.collateral(self.machine, tcb={"tcbEvaluationDataNumber": tcb}, qe={"tcbEvaluationDataNumber": qe})
            policy = {"tcb_eval_min": 17}
            said = {"tcb": {"tcb_eval": tcb, "qe_eval": qe}}
            if good:
                self.quote(f"good-eval-{name}", self.raw, files, policy=policy, **said)
            else:
                self.bad("tcb.eval", f"eval-{name}", files=files, policy=policy, **said)
        self.quote("good-eval-not-asked", self.raw, self.files(tcb={"tcbEvaluationDataNumber": 5}))
        self.advisories()

    def advisories(self):
        names = ["INTEL-SA-00615", "INTEL-SA-00837", "INTEL-SA-01036"]
        files = self.files(levels=[self.top(advisories=names[1:])], modules=[module(1, svn_level(6, advisories=names[:2]))],
                           qe=[svn_level(4, advisories=[names[2], names[0]])])
        said = {"tcb": {"status": UP, "advisories": names}}
        self.quote("good-advisories", self.raw, files, **said)
        for name, policy, good in (
            ("allow-all", {"advisory_allow": names}, True),
            ("allow-some", {"advisory_allow": names[:2]}, False),
            ("allow-others", {"advisory_allow": ["INTEL-SA-00001"]}, False),
            ("deny-others", {"advisory_deny": ["INTEL-SA-00614", "INTEL-SA-10615"]}, True),
            ("deny-module", {"advisory_deny": [names[0]]}, False),
            ("deny-last", {"advisory_deny": ["INTEL-SA-00001", names[2]]}, False),
            ("deny-and-allow", {"advisory_allow": names, "advisory_deny": [names[1]]}, False),
        ):
            if good:
                self.quote(f"good-advisories-{name}", self.raw, files, policy=policy, **said)
            else:
                self.bad("tcb.advisory", f"advisories-{name}", files=files, policy=policy, **said)
        self.good("advisories-none", policy={"advisory_allow": ["INTEL-SA-00001"]})
        many = [f"INTEL-SA-{n:05}" for n in range(70)]
        self.bad("tcb.advisory", "advisories-too-many", files=self.files(levels=[self.top(advisories=many)]), policy={"advisory_allow": many[:64]})
        long = ["INTEL-SA-" + "0" * 40]
        for kind in ("allow", "deny"):
            self.bad("tcb.advisory", f"advisories-long-{kind}", files=self.files(levels=[self.top(advisories=long)]), policy={f"advisory_{kind}": ["INTEL-SA-00001"]})

    # ---- the early track is told and never decides

    def early(self):
        soon = self.files(levels=[self.top(pcesvn=12), self.top(OUT, OLD)], tcb={"tcbEvaluationDataNumber": 18})
        self.track("good-early-out-of-date", soon, {"status": OUT, "tcb_eval": 18})
        rogue = tdx.IntelWorld(self.world.at, "rogue")
        other = rogue.collateral(rogue.machine(), tcb={"tcbLevels": [self.top(OUT)]})
        self.track("good-early-of-another-root", other, None)

    def track(self, name, files, early):
        all_files = {**self.honest, **{f"early/{file}": data for file, data in files.items()}}
        self.quote(name, self.raw, all_files, tcb={"status": UP}, early=early)

    def all(self):
        for make in (self.identities, self.matching, self.statuses, self.convergence, self.relaunch, self.policies, self.early):
            make()
