#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of fuzz_row that speak of SEV-SNP and TDX: whole rows and sets, and one near miss of each kind of rule.

    test/fuzz/seeds_row.py [FOLDER]
"""
import json
import pathlib
import sys

GOLDEN = {"measurement": ["aa" * 48, "bb" * 48], "host_data": ["cc" * 32], "id_key": ["dd" * 48], "author_key": "ignore"}
IDS = {"family_id": ["11" * 16], "image_id": ["22" * 16], "guest_svn_min": 7}
IGNORED = dict.fromkeys(GOLDEN, "ignore")
ROW = {"type": "sev-snp", "product": ["Genoa", "Turin"], **IGNORED}
LEVELS = {"fmc": 1, "bootloader": 2, "tee": 0, "snp": 23, "microcode": 255}
SWITCHES = {
    "vmpl_max": 3,
    "allow_debug": True,
    "allow_provisional": True,
    "allow_masked_chip": True,
    "allow_smt": False,
    "policy": {"require": ["xts", "migrate_ma"], "forbid": ["cxl", "rapl_dis"]},
    "platform_info": {"require": ["alias_check"], "forbid": ["tio"]},
    "crl": "require",
}
BOUNDS = {
    "tcb_min": LEVELS,
    "tcb_max": LEVELS,
    "tcb_launch_min": {"snp": 0},
    "tcb_committed_min": {"microcode": 1},
    "firmware_min": "1.55.40",
    "abi_min": "1.51",
    "mit_mask": "0x0b",
}
PLACES = {"report_id": ["33" * 32], "chip_allow": ["44" * 64, "55" * 8], "chip_deny": ["66" * 64], "csp_id": ["CN=cc-eu"]}
AZURE = {**ROW, "type": "azure-sev-snp", "pcrs": "sha256:0,7", "values": {"sha256:7": ["77" * 32]}}

TD_FIELDS = ("mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3", "mrconfigid", "mrowner", "mrownerconfig", "mrservicetd")
TD_IGNORED = dict.fromkeys(TD_FIELDS, "ignore")
TD_GOLDEN = {name: [f"{i + 1:02x}" * 48, "zero"] for i, name in enumerate(TD_FIELDS)}
TD_ROW = {"type": "tdx", **TD_IGNORED}
TD_LEVELS = {
    "tcb_status": ["UpToDate", "SWHardeningNeeded", "TDRelaunchAdvised"],
    "tcb_date_min": "2025-05-14",
    "tcb_eval_min": 19,
    "advisory_deny": ["INTEL-SA-00960"],
    "advisory_allow": ["INTEL-SA-01036", "INTEL-SA-01099"],
    "grace_s": 3600,
}
TD_PLACES = {
    "allow_debug": True,
    "event_log": True,
    "td_attributes": {"require": ["sept_ve_disable", "debug"], "forbid": ["migratable", "pks"]},
    "xfam": ["0x600e7", "00000000000602e7"],
    "ppid_allow": ["88" * 16],
    "mrseam": ["99" * 48],
}
AZURE_TD = {**TD_ROW, "type": "azure-tdx", "pcrs": "sha256:0,7", "values": {"sha256:7": ["77" * 32]}}


def reference_set(kind, *entries):
    values = [{"label": f"build {i}", kind: e} for i, e in enumerate(entries)]
    return {"id": "image", "version": 3, "type": kind, "values": values}


def snp_set(*entries):
    return reference_set("sev-snp", *entries)


SEEDS = {
    "snp_whole": {**ROW, **GOLDEN, **IDS, **SWITCHES, **BOUNDS, **PLACES},
    "snp_small": ROW,
    "snp_set": {"type": "sev-snp", "product": ["Milan"], "reference_set": "image"},
    "snp_unsigned": {**ROW, **IDS},
    "snp_zero_key": {**ROW, **IDS, "id_key": ["00" * 48]},
    "snp_short": {**ROW, "measurement": ["aa" * 47]},
    "snp_upper": {**ROW, "host_data": ["AA" * 32]},
    "snp_both": {**ROW, "policy": {"require": ["cxl"], "forbid": ["cxl"]}},
    "snp_own_bit": {**ROW, "policy": {"forbid": ["debug"]}},
    "snp_level": {**ROW, "tcb_min": {"snp": 256}},
    "snp_upside_down": {**ROW, "tcb_min": {"snp": 2}, "tcb_max": {"snp": 1}},
    "snp_no_fmc": {**ROW, "product": ["Milan"], "tcb_max": {"fmc": 1}},
    "snp_version": {**ROW, "firmware_min": "1.055.1"},
    "snp_mask": {**ROW, "mit_mask": "0x0"},
    "azure": AZURE,
    "azure_resettable": {**AZURE, "pcrs": "sha256:16"},
    "set_snp": snp_set({**GOLDEN, **IDS}, {**IGNORED, "measurement": ["bb" * 48]}),
    "set_snp_all": snp_set(IGNORED),
    "set_azure": {**snp_set(GOLDEN), "type": "azure-sev-snp"},
    "tdx_whole": {**TD_ROW, **TD_GOLDEN, **TD_LEVELS, **TD_PLACES},
    "tdx_small": TD_ROW,
    "tdx_set": {"type": "tdx", "reference_set": "image"},
    "tdx_time": {**TD_ROW, "tcb_date_min": "2025-05-14T00:00:00Z"},
    "tdx_revoked": {**TD_ROW, "tcb_status": ["Revoked"]},
    "tdx_zeros": {**TD_ROW, "rtmr1": ["00" * 48]},
    "tdx_short": {**TD_ROW, "mrtd": ["aa" * 47]},
    "tdx_no_lists": {**TD_ROW, "td_attributes": {"require": [], "forbid": []}},
    "tdx_both": {**TD_ROW, "td_attributes": {"require": ["kl"], "forbid": ["kl"]}},
    "tdx_debug": {**TD_ROW, "td_attributes": {"require": ["debug"]}},
    "tdx_advisory": {**TD_ROW, "advisory_deny": ["INTEL-SA-960"]},
    "tdx_xfam": {**TD_ROW, "xfam": ["0x1"]},
    "azure_tdx": AZURE_TD,
    "azure_tdx_log": {**AZURE_TD, "event_log": True},
    "set_tdx": reference_set("tdx", TD_GOLDEN, {**TD_IGNORED, "mrtd": ["bb" * 48], "mrseam": ["99" * 48]}),
    "set_tdx_all": reference_set("tdx", {**TD_IGNORED, "mrseam": ["99" * 48]}),
    "set_azure_tdx": {**reference_set("tdx", TD_GOLDEN), "type": "azure-tdx"},
}


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "test/corpus/row")
    folder.mkdir(parents=True, exist_ok=True)
    for name, doc in SEEDS.items():
        (folder / name).write_text(json.dumps(doc), encoding="utf-8")


if __name__ == "__main__":
    main()
