//! A form of a request that is refused comes back as it was typed.

use super::Browser;
use crate::app::TestApp;
use mudeung_core::member::Role;

#[actix_web::test]
async fn a_refused_approval_comes_back_with_what_was_ticked_and_typed_and_nothing_more() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let page = super::requests::file(&app, &mut developer, &app.fixture.reader.id).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let fresh = reviewer.get(&page).await.body;
    let boxes = |body: &str| body.matches("type=\"checkbox\" name=\"column\"").count();
    let ticked = |body: &str| {
        let columns = body.split("name=\"column\" value=\"").skip(1);
        let ticked = columns.filter(|rest| rest.split('>').next().unwrap().ends_with("\" checked"));
        ticked.map(|rest| rest.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(boxes(&fresh) > 1 && ticked(&fresh).len() == boxes(&fresh), "at first, all that was asked for");
    let typed = [
        ("column", "visits.age"),
        ("rows.visits", "age >= 60"),
        ("gib", "3"),
        ("rows", "77"),
        ("days", "31"),
        ("condition.1", "A <contact>"),
        ("due.1", "2026-03-20"),
    ];
    let filter = "It cannot be read at character 7: expected a value.";
    for (name, wrong, said) in [
        ("days", "18O", "Days are from 1 to"),
        ("gib", "0", "Quotas are whole numbers"),
        ("rows", "many", "Quotas are whole numbers"),
        ("rows.visits", "age >=", filter),
        ("rows.visits", "nothing = 1", "There is no column nothing."),
        ("due.1", "2020-01-01", "condition"),
    ] {
        let mut fields = typed.to_vec();
        fields.retain(|(field, _)| *field != name);
        fields.push((name, wrong));
        let shown = reviewer.submit(&page, &format!("{page}/approve"), &fields).await;
        assert_eq!(shown.status, 422, "{name}={wrong}");
        let body = &shown.body;
        assert!(body.contains(said), "{name}={wrong}: {body}");
        assert_eq!((boxes(body), ticked(body)), (boxes(&fresh), vec!["visits.age".to_owned()]), "{name}={wrong}");
        for (field, value) in &fields {
            let value = value.replace('<', "&#60;").replace('>', "&#62;");
            let there = |rest: &str| rest.split("<p>").next().unwrap().contains(&format!("value=\"{value}\""));
            let is_there = body.split(&format!("name=\"{field}\"")).skip(1).any(there);
            assert!(is_there || *field == "column", "{field}={value}: {body}");
        }
    }
    let none = reviewer.submit(&page, &format!("{page}/approve"), &[("gib", "3"), ("rows", "7"), ("days", "3")]).await;
    assert_eq!((none.status, ticked(&none.body).len()), (422, 0), "who chose nothing is not given everything");
    let ko = reviewer
        .submit(&page, &format!("{}/approve", page.replace("/en/", "/ko/")), &[("rows.visits", "age >=")])
        .await;
    assert!(
        ko.body.contains("7번째 글자에서 읽을 수 없습니다") && !ko.body.contains("expected a value"),
        "{}",
        ko.body
    );
}

#[actix_web::test]
async fn other_refused_forms_of_a_request_come_back_each_in_its_own_place() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let page = super::requests::file(&app, &mut developer, &app.fixture.reader.id).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let long = format!("Why {}", "x".repeat(2_100));
    for (form, name) in [("reject", "reason"), ("return", "reason"), ("reply", "message"), ("remark", "message")] {
        let shown = reviewer.submit(&page, &format!("{page}/{form}"), &[(name, &long)]).await;
        assert_eq!(shown.status, 422, "{form}");
        let form = shown.body.split(&format!("{page}/{form}\"")).nth(1).unwrap().split("</form>").next().unwrap();
        assert!(form.contains(&format!(">{long}</textarea>")), "{form}");
        assert_eq!(shown.body.matches(&long).count(), 1);
    }
}
