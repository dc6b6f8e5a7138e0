//! The help texts, which are part of the outward contract.

use super::{mudeung, text};

fn help(command: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut arguments: Vec<&str> = command.split_whitespace().collect();
    arguments.push("--help");
    let output = mudeung(folder.path(), &arguments);
    assert!(output.status.success());
    text(&output.stdout)
}

#[test]
fn every_subcommand_teaches_its_use() {
    for command in [
        "",
        "demo",
        "serve",
        "check-config",
        "migrate",
        "curate",
        "curate check",
        "curate build",
        "curate twin",
        "curate dicom",
        "curate report",
        "curate schema",
        "curate publish",
        "curate destroy-key",
        "synth",
        "ledger",
        "ledger verify",
        "ledger export",
        "ledger erase",
        "ledger prove",
        "ledger prune",
        "usage invoice",
        "usage export",
        "usage verify",
        "witness",
        "user create",
        "user reset",
        "key list",
        "key revoke",
        "key rotate",
        "key seal",
        "service",
        "service pause",
        "service resume",
        "service status",
        "openapi",
    ] {
        let name = if command.is_empty() { "mudeung".to_owned() } else { command.replace(' ', "_") };
        insta::assert_snapshot!(name, help(command));
    }
}
