//! Who hears of what.

use super::*;
use crate::request::event::Ballot;

#[test]
fn every_topic_has_a_name_of_its_own_and_somebody_who_hears_of_it() {
    let names: BTreeSet<&str> = Topic::ALL.iter().map(|topic| topic.as_str()).collect();
    assert_eq!(names.len(), Topic::ALL.len());
    for topic in Topic::ALL {
        assert_eq!(Topic::parse(topic.as_str()), Some(topic));
        let audience = topic.audience();
        assert!(audience.company || !audience.hospital.is_empty(), "{}", topic.as_str());
        assert!(audience.hospital.iter().all(|role| !role.is_of_company()));
    }
}

#[test]
fn how_members_of_the_board_vote_is_told_to_nobody() {
    let voted = Happening::Voted { ballot: Ballot::Against, reason: "no".to_owned() };
    assert_eq!(Topic::of(&voted), None);
    assert_eq!(Topic::of(&Happening::Recused { reason: "kin".to_owned() }), None);
    assert!(Topic::of_webhooks().all(|topic| topic != Topic::RequestOverdue && topic != Topic::Test));
}

#[test]
fn attempts_are_made_ever_more_rarely_and_never_less_than_twice_a_day() {
    let seconds: Vec<u64> = (1..=14).map(|attempts| wait_after(attempts).as_secs()).collect();
    assert_eq!(seconds.first(), Some(&30));
    assert!(seconds.windows(2).all(|pair| pair[0] <= pair[1]));
    assert_eq!(wait_after(u32::MAX).as_secs(), 12 * 60 * 60);
}
