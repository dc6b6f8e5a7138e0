//! What stands on the page of incidents.

use super::texts;

texts! {
    /// What went wrong with data.
    IncidentTexts {
        title: "사고", "Incidents";
        lead: "환자 데이터에 일어난 일을 적고, 무엇을 했는지 남깁니다. 개인정보 보호법 제34조에 따라 안 때부터 72시간 안에 정보주체에게 알리고 개인정보보호위원회(또는 KISA)에 신고해야 합니다.", "What went wrong with data of patients, and what was done about it. The Personal Information Protection Act (article 34) wants it told within 72 hours of being known: to the persons, and to the Commission or KISA.";
        lead_company: "받은 데이터가 새거나, 환자가 누구인지 드러나거나, 목적과 다르게 쓰였다면 지금 알리세요. 병원에 바로 전해집니다. 기한은 안 때부터 흐릅니다.", "If data that you read leaked, showed who a patient is, or was used for something else, say so now. The hospital is told at once; the time that the law gives runs from when you knew.";
        empty: "기록된 사고가 없습니다.", "No incidents are on record.";
        reidentification: "재식별 또는 그 가능성", "Somebody was or could be identified again";
        disclosure: "허용되지 않은 곳으로 유출", "Data reached somebody who may not have it";
        misuse: "목적 외 이용", "Used for something that was not granted";
        loss: "데이터·키·자격증명의 분실이나 도난", "Data, a key or a credential was lost or stolen";
        failure: "서비스나 원장의 장애", "The service or its ledger failed";
        kind: "종류", "Kind";
        known: "안 때", "Known since";
        known_day: "안 날", "The day it was known";
        known_time: "안 시각(한국 시각)", "The time of day (Korea time)";
        reported: "기록", "Entered";
        company: "관련 기업", "Company";
        own: "병원", "The hospital's own";
        dataset: "데이터셋", "Dataset";
        none: "특정하지 않음", "None in particular";
        description: "무슨 일이 있었는지", "What happened";
        description_hint: "언제 어떻게 알았는지, 어떤 데이터와 몇 명인지, 지금까지 무엇을 했는지. 환자를 알아볼 수 있는 내용은 적지 마세요.", "When and how it was noticed, which data and how many persons, what was done so far. Nothing that shows who a patient is.";
        report: "사고 알리기", "Report an incident";
        due: "알릴 기한", "To be told by";
        overdue: "기한 지남", "Overdue";
        open: "조치 중", "Open";
        closed: "종결", "Closed";
        persons: "정보주체 통지", "The persons";
        authority: "개인정보보호위원회·KISA 신고", "The Commission or KISA";
        told: "알렸거나, 알리지 않아도 되는 까닭", "Told, or why it need not be";
        told_hint: "방법과 접수 번호를 적거나, 알리지 않아도 되는 까닭을 적습니다.", "How and under which number, or why nobody need be told.";
        whom: "누구에게", "Whom";
        note: "조사와 조치", "What was found or done";
        close: "종결", "Close";
        close_text: "원인과 재발 방지", "What it was, and what keeps it from happening again";
        send: "기록", "Write it down";
        history: "경과", "What was done";
        all_told: "알릴 곳에 모두 알렸습니다.", "Everybody was told.";
        bad_kind: "종류를 고르세요.", "Choose a kind.";
        bad_description: "무슨 일이 있었는지 20자 이상 4,000자 이하로 적어 주세요.", "Say what happened, in 20 to 4,000 characters.";
        bad_known: "안 때는 지금 이전이어야 합니다.", "The time it was known is not after now.";
        bad_text: "1자 이상 4,000자 이하로 적어 주세요.", "Write 1 to 4,000 characters.";
        bad_whom: "누구에게 알렸는지 고르세요.", "Choose who was told.";
        waiting: "알릴 기한이 있는 사고", "Incidents that are still to be told";
        stop: "지금 멈추기", "Stop access now";
    }
}
