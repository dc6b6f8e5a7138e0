use super::*;
use proptest::prelude::*;

fn at(hours: u64) -> Timestamp {
    Timestamp::from_seconds(0).plus(Duration::from_secs(hours * 3_600))
}

fn by() -> MemberId {
    MemberId::from_bytes([1; 16])
}

fn incident(kind: IncidentKind) -> Incident {
    Incident {
        id: IncidentId::from_bytes([1; 16]),
        kind,
        description: String::new(),
        organization: None,
        dataset: None,
        known_at: at(10),
        reported_by: by(),
        reported_at: at(12),
    }
}

fn told(whom: Told) -> IncidentStep {
    IncidentStep::Told { whom, text: "by letter".to_owned() }
}

#[test]
fn it_is_to_be_told_within_72_hours_of_being_known_however_late_it_was_entered() {
    let leak = incident(IncidentKind::Disclosure);
    let mut handling = Handling::default();
    assert_eq!(handling.due(&leak), Some(at(82)));
    handling.apply(&leak, &handling.next(at(20), by(), told(Told::Persons))).unwrap();
    assert_eq!(handling.due(&leak), Some(at(82)), "the authority is still to be told");
    handling.apply(&leak, &handling.next(at(21), by(), told(Told::Authority))).unwrap();
    assert_eq!(handling.due(&leak), None);
    assert_eq!(Handling::default().due(&incident(IncidentKind::Failure)), None, "nothing left its place");
}

fn step() -> impl Strategy<Value = IncidentStep> {
    prop_oneof![
        Just(IncidentStep::Noted { text: "found".to_owned() }),
        Just(told(Told::Persons)),
        Just(told(Told::Authority)),
        Just(IncidentStep::Closed { text: "done".to_owned() }),
    ]
}

proptest! {
    #[test]
    fn it_is_closed_once_everybody_was_told_and_then_stays_as_it_is(
        steps in proptest::collection::vec(step(), 0..20),
        fails: bool,
    ) {
        let incident = incident(if fails { IncidentKind::Failure } else { IncidentKind::Loss });
        let (mut handling, mut persons, mut authority, mut closed) = (Handling::default(), false, false, false);
        for what in steps {
            let fits = !closed && match &what {
                IncidentStep::Noted { .. } => true,
                IncidentStep::Told { whom: Told::Persons, .. } => !std::mem::replace(&mut persons, true),
                IncidentStep::Told { whom: Told::Authority, .. } => !std::mem::replace(&mut authority, true),
                IncidentStep::Closed { .. } => fails || (persons && authority),
            };
            closed |= fits && matches!(what, IncidentStep::Closed { .. });
            let before = handling.clone();
            prop_assert_eq!(handling.apply(&incident, &handling.next(at(1), by(), what)).is_ok(), fits);
            prop_assert!(fits || handling == before);
            prop_assert_eq!(handling.closed_at.is_some(), closed);
        }
    }
}
