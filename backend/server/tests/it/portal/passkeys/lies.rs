//! Everything that a device, a browser or somebody between them can say that is not so.

use super::{LATE, NEW, Prompt, SESSION, add, of, only, sign_in, start, step_up, with_passkey};
use crate::authenticator::{Device, FLAGS};
use crate::portal::{Browser, Shown};
use mudeung_core::member::Role;
use mudeung_wire::ledger::entry::Status;
use std::time::Duration;

const REFUSED: &str = "opens nothing here";
const STALE: &str = "too old, or was used already";
const COPIED: &str = "may have been copied";
const UNVERIFIED: &str = "did not verify you";

fn assert_refused(shown: &Shown, status: u16, why: &str) {
    assert_eq!(shown.status, status, "{} {}", shown.location(), shown.body);
    assert!(shown.body.contains(why), "not \"{why}\": {}", shown.between("role=\"alert\"", "</p>").unwrap_or_default());
    let cookies = shown.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    assert!(cookies.into_iter().all(|cookie| !cookie.starts_with(SESSION)), "no session was begun");
}

#[actix_web::test]
async fn a_device_that_lies_signs_nobody_in() {
    let (app, device) = with_passkey().await;
    let lies: [(Device, &str, &str); 14] = [
        (device.lying(|lies| lies.challenge = Some("A".repeat(43))), STALE, "another challenge"),
        (device.lying(|lies| lies.kind = Some("webauthn.create")), REFUSED, "something else"),
        (device.lying(|lies| lies.origin = Some("https://data.example.com")), REFUSED, "made on another site"),
        (device.lying(|lies| lies.origin = Some("http://data.example.org")), REFUSED, "made on another site"),
        (device.lying(|lies| lies.origin = Some("https://evil.data.example.org")), REFUSED, "made on another site"),
        (device.lying(|lies| lies.is_framed = true), REFUSED, "made on another site"),
        (device.lying(|lies| lies.host = Some("example.org")), REFUSED, "for another site"),
        (device.lying(|lies| lies.flags = Some(FLAGS & !1)), REFUSED, "nobody was there"),
        (device.lying(|lies| lies.flags = Some(FLAGS & !4)), UNVERIFIED, "did not verify its user"),
        (device.lying(|lies| lies.flags = Some(FLAGS & !8)), COPIED, "may be backed up"),
        (device.lying(|lies| lies.seed = Some(9)), REFUSED, "signature does not fit"),
        (device.lying(|lies| lies.is_silent = true), REFUSED, "another member"),
        (device.lying(|lies| lies.bytes = Some(vec![0; 37])), REFUSED, "another site"),
        (device.lying(|lies| lies.bytes = Some(Vec::new())), REFUSED, "cannot be read"),
    ];
    for (n, (mut liar, said, reason)) in lies.into_iter().enumerate() {
        // Every few minutes, for somebody who fails is braked.
        app.clock.advance(Duration::from_secs(16 * 60));
        let mut browser = Browser::new(&app);
        assert_refused(&sign_in(&mut browser, &mut liar).await, 403, said);
        let refused = of(&app, "portal.sign_in", Status::Denied).await;
        assert_eq!(refused.len(), n + 1);
        let detail = refused[0].detail.clone().unwrap();
        assert!(detail.starts_with("passkey: ") && detail.contains(reason), "{detail} is not {reason}");
    }
    app.clock.advance(Duration::from_secs(16 * 60));
    let mut honest = Device { counter: 50, ..device };
    assert_eq!(sign_in(&mut Browser::new(&app), &mut honest).await.location(), "/en/home", "the truth is believed");
}

#[actix_web::test]
async fn what_no_browser_sends_is_refused_and_nothing_breaks() {
    let (app, mut device) = with_passkey().await;
    let right = Prompt::open(&mut Browser::new(&app), "/en/sign-in").await;
    let right = device.get(&right.options);
    let twice = right.replacen("{\"id\"", "{\"id\":\"AA\",\"id\"", 1);
    assert_ne!(twice, right);
    let padded = right.replacen('{', &format!("{{\"more\":\"{}\",", "x".repeat(16 << 10)), 1);
    for answer in ["", "{}", "[]", "null", "\u{0}", &twice, &padded, &right.replace("public-key", "password")] {
        app.clock.advance(Duration::from_secs(16 * 60));
        let mut browser = Browser::new(&app);
        let prompt = Prompt::open(&mut browser, "/en/sign-in").await;
        assert_refused(&prompt.send(&mut browser, answer).await, 403, REFUSED);
    }
    let mut browser = Browser::new(&app);
    let prompt = Prompt::open(&mut browser, "/en/sign-in").await;
    let shown = prompt.send(&mut browser, &"x".repeat(65 << 10)).await;
    assert_eq!(shown.status, 413, "{}", shown.body);
}

#[actix_web::test]
async fn an_answer_is_taken_once_and_only_from_the_browser_that_was_asked() {
    let (app, mut device) = with_passkey().await;
    let mut browser = Browser::new(&app);
    let prompt = Prompt::open(&mut browser, "/en/sign-in").await;
    let answer = device.get(&prompt.options);
    // Somebody else's browser: with its own forms, and with those that it saw in ours.
    let mut thief = Browser::new(&app);
    let own = Prompt::open(&mut thief, "/en/sign-in").await;
    assert_refused(&own.send(&mut thief, &answer).await, 403, STALE);
    let mixed = Prompt { fields: vec![own.fields[0].clone(), prompt.fields[2].clone()], ..own };
    assert_refused(&mixed.send(&mut thief, &answer).await, 403, STALE);
    assert_refused(&prompt.send(&mut thief, &answer).await, 403, STALE);
    // The right one, once.
    let shown = prompt.send(&mut browser, &answer).await;
    assert_eq!(shown.location(), "/en/home", "{}", shown.body);
    assert_refused(&prompt.send(&mut browser, &answer).await, 403, STALE);
    let repeated = of(&app, "portal.sign_in", Status::Denied).await;
    assert!(repeated[0].detail.as_deref().unwrap().contains("answered before"), "{:?}", repeated[0].detail);

    // Too late, and with a time that was changed to be early enough.
    let mut slow = Browser::new(&app);
    let prompt = Prompt::open(&mut slow, "/en/sign-in").await;
    let answer = device.get(&prompt.options);
    app.clock.advance(LATE);
    assert_refused(&prompt.send(&mut slow, &answer).await, 403, STALE);
    let (nonce, _) = prompt.fields[2].1.split_once('.').unwrap();
    let later = format!("{nonce}.{}", app.now().seconds());
    let changed = Prompt { fields: vec![prompt.fields[0].clone(), ("ceremony", later)], ..prompt };
    assert_refused(&changed.send(&mut slow, &answer).await, 403, STALE);
}

#[actix_web::test]
async fn what_was_signed_for_one_thing_is_worth_nothing_for_another() {
    let (app, mut device) = with_passkey().await;
    let mut browser = Browser::of(&app, Role::Admin).await;
    // Asked for a proof, sent to sign in; both forms are of one browser.
    let proof = Prompt::open(&mut browser, "/en/step-up").await;
    let answer = device.get(&proof.options);
    let mut visit = Browser::new(&app);
    let door = Prompt::open(&mut visit, "/en/sign-in").await;
    let mixed = Prompt { fields: vec![door.fields[0].clone(), proof.fields[2].clone()], ..door };
    assert_refused(&mixed.send(&mut visit, &answer).await, 403, STALE);
    // Asked to sign in, sent as a proof.
    let door = Prompt::open(&mut visit, "/en/sign-in").await;
    let answer = device.get(&door.options);
    let mixed = Prompt { fields: vec![proof.fields[0].clone(), door.fields[2].clone()], ..proof };
    assert_refused(&mixed.send(&mut browser, &answer).await, 422, STALE);
    // Asked for a proof, sent as a new passkey.
    assert_eq!(step_up(&mut browser, &mut device).await.status, 303);
    let new = Prompt::open(&mut browser, NEW).await;
    let proof = Prompt::open(&mut browser, "/en/step-up").await;
    let answer = Device::new(2).create(&proof.options);
    let mixed = Prompt { fields: vec![proof.fields[0].clone(), proof.fields[2].clone()], ..new };
    assert_refused(&mixed.send_with(&mut browser, &answer, &[("name", "x")]).await, 422, STALE);
}

#[actix_web::test]
async fn a_counter_that_goes_back_is_a_copy_and_is_said_to_be() {
    let (app, mut device) = with_passkey().await;
    let copy = device.clone();
    assert_eq!(sign_in(&mut Browser::new(&app), &mut device).await.location(), "/en/home");
    assert_eq!(sign_in(&mut Browser::new(&app), &mut device).await.location(), "/en/home");
    for counter in [copy.counter, device.counter - 1, 0] {
        let mut copy = Device { counter, ..copy.clone() };
        assert_refused(&sign_in(&mut Browser::new(&app), &mut copy).await, 403, COPIED);
    }
    let refused = of(&app, "portal.sign_in", Status::Denied).await;
    assert!(refused.len() == 3 && refused.iter().all(|it| it.member.is_some()), "whose it is stands there");
    assert!(refused[0].detail.as_deref().unwrap().contains("the counter did not grow"));
    assert_eq!(sign_in(&mut Browser::new(&app), &mut device).await.location(), "/en/home");
}

#[actix_web::test]
async fn a_passkey_that_is_not_what_was_asked_for_is_not_added() {
    let app = start().await;
    let mut browser = Browser::of(&app, Role::Admin).await;
    let device = Device::new(1);
    let (unfit, not_made) = ("of a kind that cannot be used here", "was not added");
    let lies: [(Device, &str); 13] = [
        (device.lying(|lies| lies.challenge = Some("A".repeat(43))), STALE),
        (device.lying(|lies| lies.kind = Some("webauthn.get")), not_made),
        (device.lying(|lies| lies.origin = Some("https://data.example.com")), not_made),
        (device.lying(|lies| lies.is_framed = true), not_made),
        (device.lying(|lies| lies.host = Some("example.org")), not_made),
        (device.lying(|lies| lies.flags = Some(FLAGS & !1)), not_made),
        (device.lying(|lies| lies.flags = Some(FLAGS & !4)), UNVERIFIED),
        (device.lying(|lies| lies.flags = Some(FLAGS & !8 | 16)), not_made),
        (device.lying(|lies| lies.algorithm = Some(-35)), unfit),
        (device.lying(|lies| lies.algorithm = Some(-8)), unfit),
        (device.lying(|lies| lies.format = Some("fido-u2f")), unfit),
        (device.lying(|lies| lies.bytes = Some(b"\xa3\xff no CBOR".to_vec())), not_made),
        (device.lying(|lies| lies.bytes = Some(vec![0x9b; 900])), not_made),
    ];
    for (mut liar, said) in lies {
        assert_refused(&add(&mut browser, &mut liar).await, 422, said);
    }
    assert_eq!(of(&app, "passkey.add", Status::Denied).await.len(), 13);
    assert!(browser.get("/en/security").await.body.contains("You have no passkeys yet"));
    let prompt = Prompt::open(&mut browser, NEW).await;
    let answer = device.clone().create(&prompt.options);
    for name in ["", " ", &"x".repeat(41), "a\u{202e}b"] {
        let shown = prompt.send_with(&mut browser, &answer, &[("name", name)]).await;
        assert_refused(&shown, 422, "1 to 40 characters");
    }
    // Five minutes for the device too, in the session that was asked, and once.
    let mut other = Browser::of(&app, Role::Admin).await;
    assert_eq!(prompt.send_with(&mut other, &answer, &[("name", "x")]).await.status, 403);
    let shown = prompt.send_with(&mut browser, &answer, &[("name", "x")]).await;
    assert_eq!(shown.location(), "/en/security?done=passkey-added", "{}", shown.body);
    let again = Prompt::open(&mut browser, NEW).await;
    let exclude = &again.options["excludeCredentials"];
    assert_eq!(exclude.as_array().unwrap().len(), 1, "browsers do not make a second one on it");
    let shown = again.send_with(&mut browser, &device.clone().create(&again.options), &[("name", "x")]).await;
    assert_refused(&shown, 422, "has a passkey for you already");
    let slow = Prompt::open(&mut browser, NEW).await;
    app.clock.advance(LATE);
    let answer = Device::new(3).create(&slow.options);
    assert_refused(&slow.send_with(&mut browser, &answer, &[("name", "x")]).await, 422, STALE);
}

#[actix_web::test]
async fn nobody_uses_names_or_removes_the_passkey_of_another() {
    let (app, mut of_admin) = with_passkey().await;
    let mut of_steward = Device::of_edwards(2);
    let mut steward = Browser::of(&app, Role::Steward).await;
    assert_eq!(add(&mut steward, &mut of_steward).await.status, 303);
    assert_ne!(of_admin.handle, of_steward.handle);
    // A proof is of who is signed in.
    assert_refused(&step_up(&mut steward, &mut of_admin).await, 422, REFUSED);
    assert_eq!(step_up(&mut steward, &mut of_steward).await.status, 303);
    // A device that calls its owner by another's name.
    let mut confused = Device { handle: of_steward.handle.clone(), ..of_admin.clone() };
    assert_refused(&sign_in(&mut Browser::new(&app), &mut confused).await, 403, REFUSED);
    // A passkey that one has is not added by another.
    let mut admin = Browser::new(&app);
    of_admin.counter += 5;
    assert_eq!(sign_in(&mut admin, &mut of_admin).await.location(), "/en/home");
    let mut stolen = of_steward.clone();
    assert_refused(&add(&mut admin, &mut stolen).await, 422, "already");
    // Nor is it renamed or removed.
    let id = only(&mut steward).await;
    for (action, fields) in [("rename", &[("name", "mine")][..]), ("remove", &[])] {
        let shown = admin.submit("/en/security", &format!("/en/security/passkeys/{id}/{action}"), fields).await;
        assert_eq!(shown.status, 404, "{action}");
    }
    assert_eq!(admin.submit("/en/security", "/en/security/passkeys/x/remove", &[]).await.status, 404);
    assert_eq!(sign_in(&mut Browser::new(&app), &mut of_steward).await.location(), "/en/home", "by Ed25519");
}

#[actix_web::test]
async fn a_passkey_that_nobody_has_is_told_the_same_as_one_that_is_here() {
    let (app, known) = with_passkey().await;
    let unknown = Device { handle: known.handle.clone(), ..Device::new(9) };
    let lies: [fn(&Device) -> Device; 4] = [
        |device| device.lying(|lies| lies.seed = Some(8)),
        |device| device.lying(|lies| lies.challenge = Some("A".repeat(43))),
        |device| device.lying(|lies| lies.origin = Some("https://data.example.com")),
        |device| device.lying(|lies| lies.flags = Some(FLAGS & !4)).lying(|lies| lies.seed = Some(8)),
    ];
    for lie in lies {
        app.clock.advance(Duration::from_secs(16 * 60));
        let (one, other) = (&mut Browser::new(&app), &mut Browser::new(&app));
        let (here, nowhere) = (sign_in(one, &mut lie(&known)).await, sign_in(other, &mut lie(&unknown)).await);
        let said = |shown: &Shown| (shown.status, shown.between("role=\"alert\"", "</p>").unwrap());
        assert_eq!(said(&here), said(&nowhere));
    }
    assert_refused(&sign_in(&mut Browser::new(&app), &mut unknown.clone()).await, 403, REFUSED);
}
