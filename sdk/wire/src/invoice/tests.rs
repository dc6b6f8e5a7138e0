//! Invoices over made-up ledgers: honest ones verify, and every change is found, also when the issuer signs it.

use super::*;
use crate::ledger::checkpoint::{Checkpoint, LogVerifier};
use crate::ledger::entry::{Entry, Kind, Status};
use crate::ledger::tree::{Hash, empty_root, leaf_hash, node_hash};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use proptest::sample::Index;

const ORIGIN: &str = "example.org/ledger";
const ORGANIZATIONS: [&str; 2] = ["org_1", "org_2"];

/// One access: who, what, how it ended, in which month, and whether its INTENT comes long before.
#[derive(Debug, Clone)]
struct Access {
    organization: usize,
    app: u8,
    operation: usize,
    tier: usize,
    status: Option<usize>,
    month: u8,
    figures: (u64, u64),
    ranges: Option<u64>,
}

fn accesses() -> impl Strategy<Value = Vec<Access>> {
    let what = (0..2_usize, 0..2_u8, 0..5_usize, 0..2_usize, proptest::option::weighted(0.9, 0..4_usize), 0..3_u8);
    let how_much = ((0..5_000_000_u64, 0..5_000_000_000_u64), proptest::option::of(0..50_u64));
    let access =
        (what, how_much).prop_map(|((organization, app, operation, tier, status, month), (figures, ranges))| Access {
            organization,
            app,
            operation,
            tier,
            status,
            month,
            figures,
            ranges,
        });
    proptest::collection::vec(access, 1..40)
}

fn plans() -> impl Strategy<Value = PlanTerms> {
    let price = [0..5_000_000_000_u64, 0..5_000_000_000, 0..5_000_000_000];
    let prices = proptest::collection::btree_map((0..5_usize, 0..2_usize), price, 0..10);
    (0..1_000_000_u64, [0..2_000_000_000_u64, 0..5, 0..3_000_000], prices).prop_map(
        |(base_fee_krw, [bytes, requests, rows], prices)| {
            let mut prices: Vec<Price> = prices
                .into_iter()
                .map(|((class, tier), [gib_micro_krw, million_rows_micro_krw, request_micro_krw])| Price {
                    class: OperationClass::ALL[class],
                    gib_micro_krw,
                    million_rows_micro_krw,
                    request_micro_krw,
                    tier: ["deidentified", "synthetic"][tier].to_owned(),
                })
                .collect();
            prices.sort_by_key(|price| (price.class, price.tier.clone()));
            let included = Included { bytes, requests, rows };
            PlanTerms { base_fee_krw, included, name: "basic".to_owned(), prices, version: 1 }
        },
    )
}

fn month() -> Month {
    "2026-10".parse().unwrap()
}

fn intent(n: usize, access: &Access) -> Entry {
    let time_us = month().begin_us() + (i64::from(access.month) - 1) * 31 * 86_400_000_000 + i64::try_from(n).unwrap();
    let operations = ["data.read_file", "data.read_rows", "data.list_files", "query.run", "app.create"];
    let mut nonce = [0; 16];
    nonce[..8].copy_from_slice(&n.to_be_bytes());
    Entry {
        app: Some(format!("app_{}", access.app)),
        dataset: Some("cohort".to_owned()),
        organization: Some(ORGANIZATIONS[access.organization].to_owned()),
        tier: Some(["deidentified", "synthetic"][access.tier].to_owned()),
        ..Entry::new(Kind::Intent, operations[access.operation], time_us, nonce)
    }
}

/// The ledger: all INTENTs of three accesses, then their OUTCOMEs, so that OUTCOMEs lie in runs.
fn ledger(accesses: &[Access]) -> Vec<Vec<u8>> {
    let mut entries: Vec<Entry> = Vec::new();
    for (chunk, three) in accesses.chunks(3).enumerate() {
        let first = entries.len();
        entries.extend(three.iter().enumerate().map(|(n, access)| intent(chunk * 3 + n, access)));
        for (n, access) in three.iter().enumerate() {
            let Some(status) = access.status else { continue };
            let status = [Status::Completed, Status::Aborted, Status::Denied, Status::Unknown][status];
            entries.push(Entry {
                kind: Kind::Outcome,
                intent: Some(u64::try_from(first + n).unwrap()),
                status: Some(status),
                rows: Some(access.figures.0),
                bytes: Some(access.figures.1),
                ranges: access.ranges,
                ..entries[first + n].clone()
            });
        }
    }
    entries.iter().map(|entry| entry.to_bytes().unwrap()).collect()
}

/// RFC 6962 section 2.1, word for word.
fn root(leaves: &[Vec<u8>]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => leaf_hash(leaf),
        leaves => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&root(left), &root(right))
        }
    }
}

/// RFC 6962 section 2.1.1, word for word.
fn path(index: usize, leaves: &[Vec<u8>]) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut path, sibling) = if index < left.len() {
        (path(index, left), root(right))
    } else {
        (path(index - left.len(), right), root(left))
    };
    path.push(sibling);
    path
}

/// An invoice with all that comes with it.
#[derive(Debug, Clone)]
struct Issued {
    invoice: Invoice,
    entries: Vec<BundleEntry>,
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn verifier() -> LogVerifier {
    LogVerifier::new(ORIGIN.to_owned(), key().verifying_key())
}

fn issue(accesses: &[Access], plan: PlanTerms) -> Issued {
    let leaves = ledger(accesses);
    let size = u64::try_from(leaves.len()).unwrap();
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root: root(&leaves) }.sign(&key());
    let mut fold = Fold::default();
    let mut wanted = std::collections::BTreeSet::new();
    for (index, bytes) in leaves.iter().enumerate() {
        let entry = Entry::from_bytes(bytes).unwrap();
        let within = (month().begin_us()..month().end_us()).contains(&entry.time_us);
        if within && entry.organization.as_deref() == Some("org_1") {
            fold.add(u64::try_from(index).unwrap(), &entry);
            if counted(&entry).is_some() {
                wanted.extend([index, usize::try_from(entry.intent.unwrap()).unwrap()]);
            }
        }
    }
    let of = |index: usize| {
        let proof = path(index, &leaves);
        BundleEntry { index: u64::try_from(index).unwrap(), bytes: leaves[index].clone(), proof }
    };
    let draft = Draft {
        organization: "org_1".to_owned(),
        month: month(),
        plan,
        fold,
        checkpoint,
        issued_at_us: month().end_us(),
    };
    Issued { invoice: draft.invoice().unwrap(), entries: wanted.into_iter().map(of).collect() }
}

/// What a company says to it, when the issuer signs whatever it says.
fn judge(issued: &Issued) -> Result<Report, Fault> {
    let bytes = issued.invoice.to_bytes().unwrap();
    let note = sign(&issued.invoice, &bytes, ORIGIN, &key());
    let lines: Vec<String> = issued.entries.iter().map(|entry| entry.to_line().unwrap()).collect();
    let entries = lines.iter().map(|line| BundleEntry::parse(line).unwrap());
    verify(Claim { invoice: &bytes, note: &note }, entries, &verifier())
}

/// Recomputes amounts and totals after figures were changed, as a careful cheat would.
fn recomputed(mut issued: Issued) -> Issued {
    let mut left = issued.invoice.plan.included;
    for line in &mut issued.invoice.lines {
        line.included = left.take(line.figures());
        line.amount_krw = line.price.amount_krw(line.figures(), line.included).unwrap();
    }
    issued.invoice.totals = document::totals(&issued.invoice.plan, &issued.invoice.lines).unwrap();
    issued
}

/// All changes of an invoice that a cheat may think of, each with its name.
fn changes(honest: &Issued, at: &Index) -> Vec<(&'static str, Issued)> {
    let mut changed = Vec::new();
    let mut change = |name, work: &dyn Fn(&mut Issued)| {
        let mut other = honest.clone();
        work(&mut other);
        changed.push((name, other));
    };
    change("total", &|other| other.invoice.totals.total_krw += 1);
    change("vat", &|other| other.invoice.totals.vat_percent = 9);
    change("month", &|other| other.invoice.month = "2026-09".to_owned());
    change("bounds", &|other| other.invoice.from_us -= 1);
    change("rounding", &|other| other.invoice.rounding.push('!'));
    change("fee", &|other| other.invoice.plan.base_fee_krw += 1);
    if honest.entries.is_empty() {
        return changed;
    }
    let line = at.index(honest.invoice.lines.len());
    let entry = at.index(honest.entries.len());
    change("organization", &|other| other.invoice.organization = "org_2".to_owned());
    change("requests", &|other| other.invoice.lines[line].requests += 1);
    change("rows", &|other| other.invoice.lines[line].rows += 1);
    change("bytes", &|other| other.invoice.lines[line].bytes ^= 1);
    change("amount", &|other| other.invoice.lines[line].amount_krw += 1);
    change("price", &|other| other.invoice.lines[line].price.request_micro_krw += 1);
    change("included", &|other| other.invoice.lines[line].included.rows ^= 1);
    change("class", &|other| other.invoice.lines[line].tier.push('x'));
    change("line dropped", &|other| _ = other.invoice.lines.remove(line));
    change("line doubled", &|other| {
        let twin = other.invoice.lines[line].clone();
        other.invoice.lines.insert(line, twin);
    });
    change("range dropped", &|other| _ = other.invoice.lines[line].entries.pop());
    change("range longer", &|other| other.invoice.lines[line].entries[0][1] += 1);
    change("range doubled", &|other| {
        let twin = other.invoice.lines[line].entries[0];
        other.invoice.lines[line].entries.insert(0, twin);
    });
    change("range invented", &|other| other.invoice.lines[line].entries.push([u64::MAX - 1, u64::MAX]));
    change("entry dropped", &|other| _ = other.entries.remove(entry));
    change("entry doubled", &|other| {
        let twin = other.entries[entry].clone();
        other.entries.insert(entry, twin);
    });
    change("entry changed", &|other| {
        let byte = at.index(other.entries[entry].bytes.len());
        other.entries[entry].bytes[byte] ^= 1;
    });
    change("entry elsewhere", &|other| other.entries[entry].index += 1);
    let lied = |work: &dyn Fn(&mut Line)| {
        let mut other = honest.clone();
        work(&mut other.invoice.lines[line]);
        recomputed(other)
    };
    changed.push(("rows, all recomputed", lied(&|line| line.rows += 1)));
    changed.push(("bytes, all recomputed", lied(&|line| line.bytes += 1)));
    changed.push(("price, all recomputed", lied(&|line| line.price.gib_micro_krw += 1)));
    changed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_honest_invoice_verifies_and_agrees_with_the_simple_sum(accesses in accesses(), plan in plans()) {
        let issued = issue(&accesses, plan);
        let report = judge(&issued).map_err(|fault| TestCaseError::fail(fault.to_string()))?;
        let mine = accesses.iter().filter(|access| {
            access.organization == 0 && access.month == 1 && access.operation < 4
                && matches!(access.status, Some(0 | 1 | 3))
        });
        let (mut rows, mut bytes, mut requests, mut outcomes) = (0, 0, 0, 0);
        for access in mine {
            rows += access.figures.0;
            bytes += access.figures.1;
            requests += access.ranges.unwrap_or(1).max(1);
            outcomes += 1;
        }
        let sum = |part: fn(&Line) -> u64| report.invoice.lines.iter().map(part).sum::<u64>();
        prop_assert_eq!((sum(|line| line.rows), sum(|line| line.bytes)), (rows, bytes));
        prop_assert_eq!((sum(|line| line.requests), report.outcomes, report.intents), (requests, outcomes, outcomes));
    }

    #[test]
    fn any_change_of_an_invoice_or_its_entries_is_found(accesses in accesses(), plan in plans(), at in any::<Index>()) {
        let honest = issue(&accesses, plan);
        prop_assert!(judge(&honest).is_ok());
        for (name, changed) in changes(&honest, &at) {
            prop_assert!(judge(&changed).is_err(), "not found: {}", name);
        }
    }

    #[test]
    fn bytes_that_the_log_did_not_sign_are_refused(accesses in accesses(), plan in plans(), at in any::<Index>()) {
        let issued = issue(&accesses, plan);
        let bytes = issued.invoice.to_bytes().unwrap();
        let note = sign(&issued.invoice, &bytes, ORIGIN, &key());
        let judge = |bytes: &[u8], note: &str, verifier: &LogVerifier| {
            verify(Claim { invoice: bytes, note }, issued.entries.clone(), verifier).is_ok()
        };
        prop_assert!(judge(&bytes, &note, &verifier()));
        let mut other = bytes.clone();
        let place = at.index(other.len());
        other[place] ^= 1;
        prop_assert!(!judge(&other, &note, &verifier()));
        let another = SigningKey::from_bytes(&[8; 32]);
        prop_assert!(!judge(&bytes, &sign(&issued.invoice, &bytes, ORIGIN, &another), &verifier()));
        prop_assert!(!judge(&bytes, &note, &LogVerifier::new(ORIGIN.to_owned(), another.verifying_key())));
        prop_assert!(!judge(&bytes, &note.replace("org_1", "org_2"), &verifier()));
        let spaced = String::from_utf8(bytes).unwrap().replacen(':', ": ", 1);
        let renoted = sign(&issued.invoice, spaced.as_bytes(), ORIGIN, &key());
        prop_assert!(!judge(spaced.as_bytes(), &renoted, &verifier()), "not canonical");
    }

    #[test]
    fn any_line_of_a_bundle_reads_or_is_refused(line in "\\PC{0,80}") {
        prop_assert!(BundleEntry::parse(&line).is_err());
    }
}

#[test]
fn the_bytes_of_an_invoice_have_their_keys_in_order() {
    let access = Access {
        organization: 0,
        app: 0,
        operation: 1,
        tier: 0,
        status: Some(0),
        month: 1,
        figures: (2_000_000, 7),
        ranges: None,
    };
    let price = Price {
        class: OperationClass::Rows,
        gib_micro_krw: 0,
        million_rows_micro_krw: 1_500_000_000,
        request_micro_krw: 500_000,
        tier: "deidentified".to_owned(),
    };
    let included = Included { rows: 1_000_000, ..Included::default() };
    let plan = PlanTerms { base_fee_krw: 99, included, name: "basic".to_owned(), prices: vec![price], version: 3 };
    let issued = issue(&[access], plan);
    let text = String::from_utf8(issued.invoice.to_bytes().unwrap()).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&value).unwrap(), text, "serde_json's map is sorted, so the text must be");
    // 1,500 won for the million rows that are not included, half a won for the request, and the fee.
    let totals = Totals {
        base_fee_krw: 99,
        lines_krw: 1_501,
        subtotal_krw: 1_600,
        total_krw: 1_760,
        vat_krw: 160,
        vat_percent: 10,
    };
    assert_eq!(issued.invoice.totals, totals);
    assert_eq!(issued.invoice.lines[0].entries, [[1, 1]]);
}

#[test]
fn an_intent_is_never_counted_twice() {
    let access = Access {
        organization: 0,
        app: 0,
        operation: 1,
        tier: 0,
        status: Some(0),
        month: 1,
        figures: (5, 5),
        ranges: None,
    };
    let mut leaves = ledger(&[access]);
    let mut twin = Entry::from_bytes(&leaves[1]).unwrap();
    twin.time_us += 1;
    leaves.push(twin.to_bytes().unwrap());
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: 3, root: root(&leaves) }.sign(&key());
    let mut fold = Fold::default();
    for (index, bytes) in (0..).zip(&leaves) {
        fold.add(index, &Entry::from_bytes(bytes).unwrap());
    }
    let plan = PlanTerms {
        base_fee_krw: 0,
        included: Included::default(),
        name: "basic".to_owned(),
        prices: Vec::new(),
        version: 1,
    };
    let (organization, issued_at_us) = ("org_1".to_owned(), month().end_us());
    let invoice = Draft { organization, month: month(), plan, fold, checkpoint, issued_at_us }.invoice().unwrap();
    let of = |index: usize| BundleEntry {
        index: u64::try_from(index).unwrap(),
        bytes: leaves[index].clone(),
        proof: path(index, &leaves),
    };
    let fault = judge(&Issued { invoice, entries: (0..3).map(of).collect() }).unwrap_err();
    assert_eq!(fault.to_string(), "entry 2: its INTENT is counted already");
}
