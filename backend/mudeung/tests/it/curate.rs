//! `mudeung curate` and `synth` as a steward runs them, on the bundled real data.

use super::{definition, mudeung, text};
use mudeung_wire::ledger::entry::{Entry, Status};
use mudeung_wire::ledger::proof::TlogProof;
use std::path::PathBuf;

#[test]
fn real_patients_become_a_published_version_on_the_record() {
    let folder = tempfile::tempdir().unwrap();
    let config = "[http]\nlisten = \"127.0.0.1:0\"\npublic_url = \"\"\n\
                  [database]\ncontrol = \"control.sqlite\"\nledger = \"ledger.sqlite\"\n\
                  [data]\nstore = \"store\"\nkeys = \"keys\"\n";
    std::fs::write(folder.path().join("mudeung.toml"), config).unwrap();
    let run = |arguments: &[&str]| {
        let output = mudeung(folder.path(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    };
    run(&["migrate", "--config", "mudeung.toml"]);
    let input = format!("{}/data", definition("lymph_node"));
    let built = run(&["curate", "build", &definition("lymph_node"), "--input", &input, "--config", "mudeung.toml"]);
    assert!(built.contains("published lymph_node/deidentified/1"), "{built}");
    assert!(folder.path().join("store/lymph_node/deidentified/1/manifest.json").is_file());
    let told = run(&["curate", "report", "store/lymph_node/deidentified/1/manifest.json"]);
    assert!(
        told.contains("lymph_node") && told.contains("written store/lymph_node/deidentified/1/report.html"),
        "{told}"
    );
    let page = std::fs::read_to_string(folder.path().join("store/lymph_node/deidentified/1/report.html")).unwrap();
    assert!(page.contains("적정성 검토") && page.contains("Safe keeping"));
    let verified = run(&["ledger", "verify", "--config", "mudeung.toml"]);
    assert!(verified.contains("the ledger holds: 2 entries"), "{verified}");
    let exported = run(&["ledger", "export", "--config", "mudeung.toml", "--out", "exported"]);
    assert!(exported.contains("2 entries"), "{exported}");
    assert!(folder.path().join("exported/manifest.note").is_file());
    let told = run(&["ledger", "prove", "--config", "mudeung.toml", "1"]);
    let proof = std::fs::read_to_string(folder.path().join(told.trim())).unwrap();
    let entry = Entry::from_bytes(&TlogProof::parse(&proof).unwrap().extra.unwrap()).unwrap();
    assert_eq!((entry.operation.as_str(), entry.status), ("version.publish", Some(Status::Completed)));
}

#[test]
fn a_report_of_another_version_is_no_report_of_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let input = format!("{}/data", definition("lymph_node"));
    let build = ["curate", "build", &definition("lymph_node"), "--input", &input, "--store", "store", "--key", "key"];
    for _ in 0..2 {
        let output = mudeung(folder.path(), &build);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let versions = folder.path().join("store/lymph_node/deidentified");
    std::fs::copy(versions.join("1/report.json"), versions.join("2/report.json")).unwrap();
    let output = mudeung(folder.path(), &["curate", "report", "store/lymph_node/deidentified/2/manifest.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("the report of another version"), "{}", text(&output.stderr));
    assert!(!versions.join("2/report.html").exists());
    std::fs::remove_file(versions.join("2/report.json")).unwrap();
    let output = mudeung(folder.path(), &["curate", "report", "store/lymph_node/deidentified/2/manifest.json"]);
    assert!(output.status.success() && text(&output.stdout).contains("before reports were kept"));
}

#[test]
fn a_version_that_the_gate_refuses_leaves_a_page_that_says_why_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let strict = folder.path().join("lymph_node");
    std::fs::create_dir(&strict).unwrap();
    for file in ["dataset.toml", "schema.toml", "recipe.toml", "generator.toml"] {
        std::fs::copy(format!("{}/{file}", definition("lymph_node")), strict.join(file)).unwrap();
    }
    let recipe = std::fs::read_to_string(strict.join("recipe.toml")).unwrap();
    let recipe: Vec<&str> =
        recipe.lines().map(|line| if line.starts_with("k = ") { "k = 500" } else { line }).collect();
    std::fs::write(strict.join("recipe.toml"), recipe.join("\n")).unwrap();
    let input = format!("{}/data", definition("lymph_node"));
    let build = ["curate", "build", "lymph_node", "--input", &input, "--store", "store", "--key", "key"];
    let output = mudeung(folder.path(), &[&build[..], &["--refusal", "refused.html"]].concat());
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let page = std::fs::read_to_string(folder.path().join("refused.html")).unwrap();
    assert!(
        page.contains("Refused by the release gate") && page.contains("반출 심사 거부") && page.contains("privacy.")
    );
    assert!(!folder.path().join("store/lymph_node").exists());
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut hashes = Vec::new();
    for out in ["a", "b"] {
        let output = mudeung(folder.path(), &["synth", "lymph_node", "--rows", "50", "--seed", "7", "--out", out]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let manifest = folder.path().join(out).join("lymph_node/synthetic/1/manifest.json");
        let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
        hashes.push(manifest["tables"].clone());
    }
    assert_eq!(hashes[0], hashes[1]);
}

#[test]
fn a_twin_is_published_as_long_as_the_budget_lasts() {
    let folder = tempfile::tempdir().unwrap();
    let config = "[http]\nlisten = \"127.0.0.1:0\"\npublic_url = \"\"\n\
                  [database]\ncontrol = \"control.sqlite\"\nledger = \"ledger.sqlite\"\n\
                  [data]\nstore = \"store\"\nkeys = \"keys\"\n\
                  [twins]\nepsilon_per_dataset = 1.2\n";
    std::fs::write(folder.path().join("mudeung.toml"), config).unwrap();
    let run = |arguments: &[&str]| {
        let output = mudeung(folder.path(), arguments);
        (output.status.code(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
    };
    assert_eq!(run(&["migrate", "--config", "mudeung.toml"]).0, Some(0));
    let (definition, input) = (definition("support2"), format!("{}/data", definition("support2")));
    let twin = ["curate", "twin", &definition, "--input", &input, "--config", "mudeung.toml"];
    let (code, said) = run(&twin);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("patient: mst, epsilon 1, delta 1e-9; spent rho 0.0149"), "{said}");
    assert!(said.contains("published support2/synthetic/1"), "{said}");
    let (code, said) = run(&twin);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("built ") && said.contains("support2/synthetic/2 is not published"), "{said}");
    assert!(said.contains("epsilon 1.2 at delta 1e-9"), "{said}");
    let (_, exported) = run(&["ledger", "export", "--config", "mudeung.toml", "--out", "exported"]);
    assert!(exported.contains("4 entries"), "{exported}");
    let entry = |index: &str| {
        let told = text(&mudeung(folder.path(), &["ledger", "prove", "--config", "mudeung.toml", index]).stdout);
        let proof = std::fs::read_to_string(folder.path().join(told.trim())).unwrap();
        Entry::from_bytes(&TlogProof::parse(&proof).unwrap().extra.unwrap()).unwrap()
    };
    let spent = entry("0").detail.unwrap();
    assert!(spent.contains(" twin rho 0.0149"), "{spent}");
    assert_ne!(entry("3").status, Some(Status::Completed));
    // The same model in another version tells nothing more.
    let version = |number: &str| folder.path().join("store/support2/synthetic").join(number);
    std::fs::rename(version("1"), version("3")).unwrap();
    let manifest = version("3").join("manifest.json");
    let renumbered = std::fs::read_to_string(&manifest).unwrap().replace("\"version\": 1,", "\"version\": 3,");
    std::fs::write(&manifest, renumbered).unwrap();
    let (code, said) = run(&["curate", "publish", manifest.to_str().unwrap(), "--config", "mudeung.toml"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn patients_who_withdrew_take_earlier_versions_along_and_a_key_that_is_destroyed_is_never_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let config = "[http]\nlisten = \"127.0.0.1:0\"\npublic_url = \"\"\n\
                  [database]\ncontrol = \"control.sqlite\"\nledger = \"ledger.sqlite\"\n\
                  [data]\nstore = \"store\"\nkeys = \"keys\"\n";
    std::fs::write(folder.path().join("mudeung.toml"), config).unwrap();
    std::fs::write(folder.path().join("withdrawn.txt"), "1\n2\n").unwrap();
    let run = |arguments: &[&str]| {
        let output = mudeung(folder.path(), arguments);
        (output.status.code(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
    };
    assert_eq!(run(&["migrate", "--config", "mudeung.toml"]).0, Some(0));
    let bundled = PathBuf::from(definition("lymph_node"));
    let named = |name: &str| {
        let copy = folder.path().join(name);
        std::fs::create_dir_all(&copy).unwrap();
        for file in std::fs::read_dir(&bundled).unwrap().map(Result::unwrap).filter(|file| file.path().is_file()) {
            std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
        }
        let recipe = std::fs::read_to_string(copy.join("recipe.toml")).unwrap();
        std::fs::write(copy.join("recipe.toml"), recipe.replace("lymph-node-open-sandbox", name)).unwrap();
    };
    named("lymph-node-open-sandbox");
    named("lymph-node-next");
    let input = bundled.join("data").display().to_string();
    let build = ["curate", "build", "lymph-node-open-sandbox", "--input", &input, "--config", "mudeung.toml"];
    let (code, said) = run(&build);
    assert!(code == Some(0) && !said.contains("withdrawn lymph_node"), "{said}");
    // Two who left under the same pseudonyms would be told by comparing: the version needs pseudonyms of its own.
    let (code, said) = run(&[build.as_slice(), &["--without", "withdrawn.txt"]].concat());
    assert!(code == Some(2) && said.contains("another name") && !said.contains("withdrawn lymph_node"), "{said}");
    let next = ["curate", "build", "lymph-node-next", "--input", &input, "--config", "mudeung.toml"];
    let (code, said) = run(&[next.as_slice(), &["--without", "withdrawn.txt"]].concat());
    assert!(
        code == Some(0) && said.contains("withdrawn lymph_node/deidentified/1: those who read it are told"),
        "{said}"
    );
    let destroy = |confirm: &'static str| {
        let key = ["--release", "lymph-node-open-sandbox", "--recipient", "sandbox", "--key", "release.key"];
        let arguments = ["curate", "destroy-key", "--config", "mudeung.toml", "--confirm", confirm];
        run(&[arguments.as_slice(), &key].concat())
    };
    let (code, said) = destroy("lymph-node");
    assert!(code == Some(2) && said.contains("nothing was destroyed"), "{said}");
    let (code, said) = destroy("lymph-node-open-sandbox");
    assert_eq!(code, Some(0), "{said}");
    let fingerprint = said.split("SHA-256 ").nth(1).unwrap()[..64].to_owned();
    for (code, said) in [run(&build), destroy("lymph-node-open-sandbox")] {
        assert!(code == Some(2) && said.contains("was destroyed at") && said.contains("another name"), "{said}");
    }
    assert!(!folder.path().join("store/lymph_node/deidentified/3").exists());
    // Two versions were published, one withdrawn, a key destroyed, and once more in vain.
    let (_, exported) = run(&["ledger", "export", "--config", "mudeung.toml", "--out", "exported"]);
    assert!(exported.contains("10 entries"), "{exported}");
    let entry = |index: &str| {
        let told = text(&mudeung(folder.path(), &["ledger", "prove", "--config", "mudeung.toml", index]).stdout);
        let proof = std::fs::read_to_string(folder.path().join(told.trim())).unwrap();
        Entry::from_bytes(&TlogProof::parse(&proof).unwrap().extra.unwrap()).unwrap()
    };
    let operations = ["4", "6", "7"].map(|index| entry(index).operation);
    assert_eq!(operations, ["version.withdraw", "key.destroy", "key.destroy"]);
    let ended = entry("7");
    assert_eq!((ended.status, ended.detail), (Some(Status::Completed), Some(format!("sha256 {fingerprint}"))));
    assert_ne!(entry("9").status, Some(Status::Completed));
}

#[test]
fn files_that_are_no_images_are_listed_for_the_hospital_and_not_named_in_the_release() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("pacs")).unwrap();
    std::fs::write(folder.path().join("pacs/Hong Gildong.txt"), "a note").unwrap();
    let images = ["curate", "dicom", &definition("lymph_node"), "--from", "pacs", "--out", "images", "--key", "key"];
    let output = mudeung(folder.path(), &images);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    assert!(said.contains("1 held back") && said.contains("보류 1개"), "{said}");
    let listed = std::fs::read_to_string(folder.path().join("images.held-back.json")).unwrap();
    assert!(listed.contains("Hong Gildong.txt") && listed.contains("not_dicom"), "{listed}");
    let report = std::fs::read_to_string(folder.path().join("images/report.json")).unwrap();
    assert!(report.contains("\"not_dicom\": 1") && !report.contains("Hong"), "{report}");
    assert!(folder.path().join("images/index.parquet").is_file());
    let again = mudeung(folder.path(), &images);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("never changes"), "{}", text(&again.stderr));
}
