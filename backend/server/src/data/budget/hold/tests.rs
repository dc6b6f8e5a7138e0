use super::*;
use proptest::prelude::*;

fn account(limits: &[(u64, u64)]) -> Arc<Account> {
    let meters = limits.iter().map(|(bytes, rows)| Arc::new(Meter::whole(Amount { bytes: *bytes, rows: *rows })));
    Arc::new(Account::new(meters.collect()))
}

#[test]
fn sixty_four_readers_never_pass_either_budget_and_leave_nothing_reserved() {
    let (narrow, wide) = (Amount { bytes: 50 << 20, rows: 400_000 }, Amount { bytes: 60 << 20, rows: 900_000 });
    let shared = account(&[(narrow.bytes, narrow.rows), (wide.bytes, wide.rows)]);
    let readers: Vec<_> = (0..64_u64)
        .map(|seed| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || {
                let mut sent = Amount::ZERO;
                for round in 0..200 {
                    let Ok(mut hold) = shared.hold_step() else { break };
                    for piece in 0..(seed + round) % 7 {
                        let chunk = Amount { bytes: 9_000 * (piece + 1), rows: 60 * piece };
                        if hold.spend(chunk).is_err() {
                            break;
                        }
                        sent = sent.plus(chunk);
                    }
                }
                sent
            })
        })
        .collect();
    let sent = readers.into_iter().fold(Amount::ZERO, |sum, reader| sum.plus(reader.join().unwrap()));
    assert!(sent.fits_in(narrow), "{sent:?}");
    assert_eq!(shared.remaining(), narrow.minus(sent));
    assert_eq!(shared.meters()[1].remaining(), wide.minus(sent));
}

#[test]
fn a_refusal_by_one_budget_takes_nothing_from_the_others() {
    let shared = account(&[(1_000, 1_000), (10, 10)]);
    assert!(shared.hold(Amount { bytes: 11, rows: 1 }).is_err());
    assert_eq!(shared.meters()[0].remaining(), Amount { bytes: 1_000, rows: 1_000 });
    let mut hold = shared.hold(Amount { bytes: 4, rows: 4 }).unwrap();
    assert!(hold.spend(Amount { bytes: 11, rows: 0 }).is_err());
    drop(hold);
    assert_eq!(shared.remaining(), Amount { bytes: 10, rows: 10 });
}

#[test]
fn what_parts_of_a_lease_sent_stays_aside_until_the_lease_ends() {
    let shared = account(&[(1_000, 100)]);
    let mut whole = shared.hold(Amount::ZERO).unwrap();
    for _ in 0..3 {
        let part = shared.hold(Amount { bytes: 200, rows: 20 }).unwrap();
        whole.absorb(part, Amount { bytes: 150, rows: 15 });
    }
    assert_eq!(shared.remaining(), Amount { bytes: 550, rows: 55 });
    assert_eq!(shared.meters()[0].used(), Amount::ZERO);
    drop(whole);
    assert_eq!(shared.meters()[0].used(), Amount { bytes: 450, rows: 45 });
    assert_eq!(shared.remaining(), Amount { bytes: 550, rows: 55 });
}

proptest! {
    #[test]
    fn a_read_spends_exactly_what_it_was_allowed(
        limit in (0_u64..4 << 20, 0_u64..20_000),
        chunks in proptest::collection::vec((0_u64..900_000, 0_u64..5_000), 0..30),
    ) {
        let shared = account(&[limit]);
        let mut spent = Amount::ZERO;
        if let Ok(mut hold) = shared.hold_step() {
            for (bytes, rows) in chunks {
                let chunk = Amount { bytes, rows };
                let fits = spent.plus(chunk).fits_in(Amount { bytes: limit.0, rows: limit.1 });
                prop_assert_eq!(hold.spend(chunk).is_ok(), fits);
                if !fits { break }
                spent = spent.plus(chunk);
            }
        }
        prop_assert_eq!(shared.remaining(), Amount { bytes: limit.0, rows: limit.1 }.minus(spent));
    }
}
