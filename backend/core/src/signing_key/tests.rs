use super::*;
use proptest::prelude::*;
use std::collections::HashMap;

const KEPT: Duration = Duration::from_secs(4_800);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn key(seed: u8) -> SigningKey {
    SigningKey {
        id: KeyId::from_bytes([seed; 16]),
        public: vec![seed],
        sealed: vec![seed],
        published_at: Timestamp::default(),
        state: KeyState::Standby,
    }
}

fn id(seed: u8) -> KeyId {
    KeyId::from_bytes([seed; 16])
}

/// A ring that began at 10,000 s: key 2 signs, key 1 stands by.
fn ring() -> KeyRing {
    let mut ring = KeyRing::default();
    ring.fill(&mut vec![key(1), key(2)], at(10_000));
    ring
}

fn signer(ring: &KeyRing, seconds: i64) -> Option<KeyId> {
    ring.signing(at(seconds)).map(|key| key.id)
}

#[test]
fn the_first_key_signs_from_the_beginning_and_the_second_stands_by() {
    let ring = ring();
    assert!(ring.is_complete());
    assert_eq!((signer(&ring, 0), signer(&ring, 10_000)), (Some(id(2)), Some(id(2))));
    assert_eq!(ring.standby().unwrap().id, id(1));
    assert_eq!(ring.published(at(10_000), KEPT).count(), 2, "the one that stands by is in the key set");
    assert!(ring.verifying(id(1), at(10_000), KEPT).is_none(), "but nothing that it signed is good");
}

#[test]
fn oauth_38_a_key_takes_over_when_it_was_published_for_long_enough_and_its_predecessor_goes_on_verifying() {
    let mut early = ring();
    assert_eq!(early.rotate(at(10_100)), Ok((id(1), at(10_600))), "ten minutes after it was published");
    assert_eq!((signer(&early, 10_599), signer(&early, 10_600)), (Some(id(2)), Some(id(1))));
    let refused = early.rotate(at(10_200));
    assert!(refused.is_err(), "there is none to stand by");
    early.fill(&mut vec![key(3)], at(10_200));
    assert!(early.rotate(at(10_300)).unwrap_err().to_string().contains("before it signs"));
    let mut late = ring();
    assert_eq!(late.rotate(at(20_000)), Ok((id(1), at(20_000))), "at once");
    assert!(late.verifying(id(2), at(24_799), KEPT).is_some());
    assert!(late.verifying(id(2), at(24_800), KEPT).is_none());
    late.prune(at(24_799), KEPT);
    assert_eq!(late.keys.len(), 2);
    late.prune(at(24_800), KEPT);
    assert_eq!(late.keys.len(), 1);
}

#[test]
fn oauth_39_the_next_key_signs_at_once_when_one_is_revoked_and_nothing_of_the_old_one_is_left() {
    let mut ring = ring();
    ring.revoke(id(2), "stolen".to_owned(), at(20_000)).unwrap();
    assert_eq!(signer(&ring, 20_000), Some(id(1)), "it was published all the while");
    assert!(ring.is_revoked(id(2)) && ring.verifying(id(2), at(20_000), KEPT).is_none());
    assert!(ring.published(at(20_000), KEPT).all(|key| key.id == id(1)));
    assert!(ring.keys.iter().find(|key| key.id == id(2)).unwrap().sealed.is_empty());
    assert!(matches!(ring.revoke(id(2), "again".to_owned(), at(20_001)), Err(NotRevoked::Already(_))));
    assert_eq!(ring.revoke(id(9), "x".to_owned(), at(20_001)), Err(NotRevoked::Unknown(id(9))));
    ring.fill(&mut vec![key(3)], at(20_000));
    ring.revoke(id(1), "stolen too".to_owned(), at(20_000)).unwrap();
    assert_eq!(signer(&ring, 20_000), None, "no node signs with what another does not know yet");
    assert_eq!(signer(&ring, 20_001), Some(id(3)));
}

#[test]
fn oauth_39_revoking_during_a_rotation_neither_brings_it_forward_too_far_nor_leaves_it_without_a_key() {
    let rotating = || {
        let mut ring = ring();
        ring.rotate(at(10_100)).unwrap();
        ring.fill(&mut vec![key(3)], at(10_100));
        ring
    };
    let mut current = rotating();
    current.revoke(id(2), "x".to_owned(), at(10_200)).unwrap();
    assert_eq!(signer(&current, 10_200), Some(id(1)), "the one to come signs now");
    let mut coming = rotating();
    coming.revoke(id(1), "x".to_owned(), at(10_200)).unwrap();
    assert_eq!((signer(&coming, 10_200), signer(&coming, 99_999)), (Some(id(2)), Some(id(2))), "the old one goes on");
    let mut standby = rotating();
    standby.revoke(id(3), "x".to_owned(), at(10_200)).unwrap();
    assert_eq!((signer(&standby, 10_200), signer(&standby, 10_600)), (Some(id(2)), Some(id(1))));
    let mut gone = rotating();
    gone.revoke(id(2), "x".to_owned(), at(11_000)).unwrap();
    assert_eq!(signer(&gone, 11_000), Some(id(1)), "one that had ended changes nothing");
}

#[test]
fn oauth_81_a_clock_that_was_set_back_finds_a_key() {
    let mut ring = ring();
    ring.rotate(at(90_000)).unwrap();
    ring.prune(at(99_000), KEPT);
    assert_eq!(signer(&ring, 80_000), Some(id(1)));
    assert_eq!(signer(&ring, 89_999 - 601), Some(id(1)));
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Wait(u16),
    Rotate,
    Revoke(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1_u16..1_500).prop_map(Step::Wait),
        2 => Just(Step::Rotate),
        1 => (0_u8..8).prop_map(Step::Revoke),
    ];
    proptest::collection::vec(step, 1..60)
}

proptest! {
    /// Second by second over any run of operations: one key signs, it was published before, whatever it signed verifies
    /// until it is over, and nothing that was revoked ever does.
    #[test]
    fn one_key_signs_at_a_time_and_all_that_it_signed_verifies(steps in steps()) {
        let mut ring = ring();
        let (mut now, mut next, mut last_revocation) = (10_000_i64, 3_u8, -1_000_000);
        let mut last_signed: HashMap<KeyId, i64> = HashMap::new();
        for step in steps {
            let mut fresh = vec![key(next), key(next.wrapping_add(1))];
            match step {
                Step::Wait(_) => {}
                Step::Rotate => {
                    ring.prune(at(now), KEPT);
                    let _ = ring.rotate(at(now));
                    ring.fill(&mut fresh, at(now));
                }
                Step::Revoke(position) => {
                    let position = usize::from(position) % ring.keys.len();
                    let wanted = ring.keys[position].id;
                    if ring.revoke(wanted, "drill".to_owned(), at(now)).is_ok() {
                        last_revocation = now;
                        last_signed.remove(&wanted);
                    }
                    ring.fill(&mut fresh, at(now));
                }
            }
            next = next.wrapping_add(2);
            prop_assert!(ring.is_complete());
            let wait = if let Step::Wait(seconds) = step { i64::from(seconds) } else { 1 };
            for second in now..now + wait {
                let signing = ring.keys.iter().filter(|key| key.state.covers(at(second)));
                let signing: Vec<_> = signing.collect();
                prop_assert!(signing.len() <= 1);
                prop_assert!(signing.len() == 1 || second - last_revocation <= 1, "nobody signs at {second}");
                if let Some(key) = signing.first() {
                    let known = at(second).since(key.published_at);
                    let first = matches!(key.state, KeyState::Signing { from, .. } if from == Timestamp::default());
                    let after_revocation = second - last_revocation <= 600;
                    prop_assert!(first || known >= NODES_KNOW);
                    prop_assert!(first || known >= NOTICE || after_revocation, "{known:?}");
                    last_signed.insert(key.id, second);
                }
                for (id, signed) in &last_signed {
                    let over = second - signed >= 4_800;
                    prop_assert!(over || ring.verifying(*id, at(second), KEPT).is_some());
                }
                let revoked = ring.keys.iter().filter(|key| matches!(key.state, KeyState::Revoked { .. }));
                for key in revoked {
                    prop_assert!(ring.verifying(key.id, at(second), KEPT).is_none() && key.sealed.is_empty());
                }
            }
            now += wait;
        }
    }
}
