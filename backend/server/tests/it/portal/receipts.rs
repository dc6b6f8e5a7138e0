//! Receipts in the portal: a company sees those of its own apps, as the interface gives them, and nobody else's.

use super::Browser;
use super::isolation::outsider;
use crate::app::TestApp;
use mudeung_core::member::Role;
use mudeung_store::ledger::EntryFilter;
use mudeung_wire::ledger::checkpoint::LogVerifier;
use mudeung_wire::ledger::proof::{PROOF_MEDIA_TYPE, TlogProof};
use mudeung_wire::ledger::trust::Trust;

/// An entry that the company's app made.
async fn read_something(app: &TestApp) -> u64 {
    let token = app.token(&app.fixture.reader).await;
    let answer = app.get("/v1/datasets").bearer_auth(&token).send().await.unwrap();
    answer.headers()["mudeung-receipt"].to_str().unwrap().parse().unwrap()
}

#[actix_web::test]
async fn a_company_is_given_the_proofs_of_its_own_apps_alone() {
    let app = TestApp::start().await;
    let index = read_something(&app).await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    for language in ["ko", "en"] {
        let list = developer.get(&format!("/{language}/receipts")).await;
        assert!(list.body.contains(&format!("?index={index}#check\"")), "{}", list.body);
        let shown = developer.get(&format!("/{language}/receipts?index={index}")).await;
        assert_eq!((shown.status, shown.header("cache-control")), (200, "no-store"));
        let text = shown.between("autocomplete=\"off\">c2sp", "</textarea>").unwrap().replace("&#43;", "+");
        let kept = developer.get(&format!("/{language}/receipts/{index}")).await;
        assert_eq!((kept.status, kept.header("content-type")), (200, PROOF_MEDIA_TYPE));
        assert_eq!(kept.header("content-disposition"), format!("attachment; filename=\"{index}.tlog-proof\""));
        let key = app.get("/ledger/verifier").send().await.unwrap().text().await.unwrap();
        let trust = Trust::log(LogVerifier::parse(key.trim()).unwrap());
        for text in [format!("c2sp{text}"), kept.body] {
            let (entry, _) = TlogProof::parse(&text).unwrap().verify_entry(&trust).unwrap();
            assert_eq!(
                (entry.operation.as_str(), entry.app.as_ref()),
                ("catalog.list_datasets", Some(&app.fixture.reader.id))
            );
        }
    }
    // What members did themselves is no receipt of an app, and what is no number is none.
    let all = app.state().ledger.entries(EntryFilter::default(), None, 1_000).await.unwrap();
    let own: Vec<u64> = all.iter().filter(|(_, entry)| entry.app.is_none()).map(|(index, _)| *index).collect();
    assert!(!own.is_empty());
    let others = own.iter().map(ToString::to_string).chain(["999999", "-1", "x", "1e3"].map(str::to_owned));
    for other in others {
        let shown = developer.get(&format!("/en/receipts?index={other}")).await;
        assert!(shown.status == 404 && shown.body.contains("none that an app of yours made"), "{other}");
        assert_eq!(developer.get(&format!("/en/receipts/{other}")).await.status, 404, "{other}");
    }
    assert_eq!(developer.get("/en/receipts?index=%3Cscript%3E").await.status, 404);
}

#[actix_web::test]
async fn strangers_and_the_hospital_check_receipts_and_are_given_none() {
    let app = TestApp::start().await;
    let index = read_something(&app).await;
    let mut anyone = Browser::new(&app);
    let shown = anyone.get(&format!("/en/receipts?index={index}")).await;
    assert_eq!(shown.status, 200);
    assert!(shown.body.contains("data-receipt") && !shown.body.contains("c2sp.org/tlog-proof@v1"), "{}", shown.body);
    assert_eq!(anyone.get(&format!("/en/receipts/{index}")).await.status, 303);
    let mut admin = Browser::of(&app, Role::Admin).await;
    assert!(!admin.get(&format!("/en/receipts?index={index}")).await.body.contains("c2sp.org/tlog-proof@v1"));
    assert_eq!(admin.get(&format!("/en/receipts/{index}")).await.status, 404);
    let email = outsider(&app, vec![Role::Developer]).await;
    let mut other = Browser::with(&app, &email).await;
    let refused = other.get(&format!("/en/receipts?index={index}")).await;
    assert!(refused.status == 404 && !refused.body.contains("c2sp.org/tlog-proof@v1"));
    assert_eq!(other.get(&format!("/en/receipts/{index}")).await.status, 404);
}
