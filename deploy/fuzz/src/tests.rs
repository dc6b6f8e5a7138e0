use super::TARGETS;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What was kept for a target: a line of base64 for each input.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let file = format!("{}/corpus/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    text.lines().map(|line| STANDARD.decode(line).unwrap()).collect()
}

#[test]
fn every_input_that_was_kept_passes_its_target() {
    for (name, target) in TARGETS {
        let inputs = corpus(name);
        assert!(inputs.len() >= 10, "{name} has hardly a corpus");
        for input in inputs {
            println!("{name}: {}", STANDARD.encode(&input));
            target(&input);
        }
    }
}

/// A corpus that reaches nothing but refusals would find nothing.
#[test]
fn the_corpora_hold_what_is_accepted_too() {
    let texts = |name: &str| corpus(name).into_iter().filter_map(|input| String::from_utf8(input).ok());
    assert!(texts("filter").any(|text| mudeung_core::filter::Filter::parse(&text).is_ok()));
    assert!(texts("tlog_proof").any(|text| mudeung_wire::ledger::proof::TlogProof::parse(&text).is_ok()));
    assert!(texts("checkpoint").any(|text| mudeung_wire::ledger::note::SignedNote::parse(&text).is_ok()));
}

#[test]
fn every_target_has_a_program_of_its_name() {
    let manifest = include_str!("../Cargo.toml");
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}
