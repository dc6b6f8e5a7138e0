//! What stands on the page of one grant: reports, its end, and the proof of destruction.

use super::texts;

texts! {
    /// One grant, from its first day to the certificate of destruction.
    CourseTexts {
        open: "보고와 종료", "Reports and closing";
        lead: "데이터를 쓰는 동안 정기적으로 경과를 보고하고, 승인이 끝나면 받은 데이터를 파기했음을 신고합니다. 병원이 확인하면 파기확인서가 나옵니다.", "While it reads, a company reports how its work goes; after the end it declares that what it read is destroyed. The hospital takes the declaration, and there is a certificate of it.";
        due_report: "다음 경과보고 기한", "Next report due";
        due_destruction: "파기 신고 기한", "Destruction to be declared by";
        in_time: "기한 전", "In time";
        soon: "곧 기한", "Soon";
        overdue: "기한 지남", "Overdue";
        blocked: "기한이 지난 의무가 있는 동안에는 이 기업의 새 이용 신청을 승인할 수 없습니다.", "As long as something is overdue, no request of this company can be approved.";
        nothing_due: "지금 기한이 있는 의무는 없습니다.", "Nothing is due.";
        reports: "경과보고", "Progress reports";
        no_reports: "아직 경과보고가 없습니다.", "No reports yet.";
        report: "경과보고 작성", "Write a report";
        report_label: "그동안 한 일과 나온 결과", "What was done, and what came of it";
        report_hint: "논문·특허·제품, 목적에서 달라진 점, 보안과 관련해 있었던 일을 적습니다. 환자를 알아볼 수 있는 내용은 적지 마세요.", "Publications, patents and products; what differs from the purpose; anything that touched security. Nothing that shows who a patient is.";
        send_report: "보고 제출", "Send the report";
        unread: "병원이 아직 읽지 않음", "Not read yet";
        answered: "병원의 답", "The hospital's answer";
        answer: "읽은 보고에 답하기", "Answer the reports";
        answer_label: "답(읽지 않은 보고 모두에 적힙니다)", "Answer (to all reports that were not read)";
        send_answer: "읽었음을 알리기", "Say that they are read";
        renew: "이어서 쓰기 신청", "Ask to go on";
        renew_lead: "같은 내용이 채워진 이용 신청이 열립니다. 승인되면 이 승인이 끝나는 때부터 이어지고, 받은 데이터도 그때까지 둘 수 있습니다.", "Opens a request that is filled in alike. Once approved, the new grant begins where this one ends, and what was read may stay until then.";
        renewals: "이어서 쓰려는 신청", "Requests to go on";
        renewed: "이 승인은 다음 승인으로 이어졌습니다. 파기 신고는 마지막 승인에서 한 번 합니다.", "Another grant goes on where this one ends. Destruction is declared once, for the last.";
        renews: "이 신청은 지난 이용 승인을 이어갑니다", "This request goes on with an earlier grant";
        bad_renewal: "이어서 쓰려는 승인과 데이터셋·앱이 같아야 하고, 그 승인이 종료 확인 전이어야 합니다. 새로 쓰려면 데이터 목록에서 신청을 시작하세요.", "A renewal keeps the dataset and the app of its grant, which must not be closed. For something else begin a new request from the catalogue.";
        closing: "파기 신고", "Declare destruction";
        closing_lead: "받은 데이터와 사본, 백업을 모두 파기한 뒤 신고합니다. 승인이 아직 유효하면 신고와 함께 끝나고, 진행 중인 전송도 1초 안에 멈춥니다.", "Declare it after everything that was read is destroyed, with all copies and backups. A grant that is still live ends with the declaration, and running streams stop within one second.";
        destroyed_on: "파기를 마친 날", "Destroyed on";
        method: "파기 방법", "How";
        erased: "복구할 수 없게 삭제", "Deleted beyond recovery";
        key_destroyed: "암호화 키 파기", "The key of encrypted data was destroyed";
        media_destroyed: "저장 매체의 물리적 파기·소자", "The media were shredded, burnt or degaussed";
        copies: "파기한 것과 그것이 있던 곳", "What was destroyed, and where it lay";
        copies_hint: "내려받은 파일, 질의 결과, 학습용 사본, 백업을 빠짐없이 적습니다.", "Downloaded files, results of queries, copies for training, backups: all of them.";
        kept: "남기는 결과물", "Results that are kept";
        kept_hint: "개인을 알아볼 수 없는 집계와 모형만 남길 수 있습니다. 없으면 비워 두세요.", "Only figures and models that show nobody may stay. Leave empty when there are none.";
        nothing_kept: "없음", "None";
        witness: "파기 책임자 이름", "Name of the person who saw to it";
        promise: "위 내용이 사실이며, 이 승인으로 받은 데이터가 어디에도 남아 있지 않음을 회사를 대표해 확인합니다.", "For the company I declare that this is true, and that nothing that was read under this grant is left anywhere.";
        declare: "파기를 신고", "Declare it destroyed";
        declared: "파기 신고가 접수되어 병원의 확인을 기다립니다.", "Destruction is declared and waits for the hospital.";
        refused: "병원이 파기 신고를 받아들이지 않았습니다", "The hospital did not take the declaration";
        confirm: "신고를 확인하고 종료", "Take the declaration and close";
        refuse: "신고를 돌려보내기", "Send the declaration back";
        refuse_reason: "돌려보내는 사유", "Why it is sent back";
        closed: "종료됨", "Closed";
        certificate: "파기확인서", "Certificate of destruction";
        certificate_lead: "아래 기업이 이용 승인에 따라 받은 데이터를 파기했음을 신고하였고, 병원이 이를 확인하였습니다.", "The company named here declared that what it read under this grant is destroyed, and the hospital took the declaration.";
        certificate_honest: "이 확인서는 기업의 신고와 병원의 확인을 증명합니다. 병원이 기업의 저장소를 직접 들여다본 것은 아닙니다.", "It proves what the company declared and that the hospital took it. The hospital did not look into the company's storage itself.";
        declared_by: "신고", "Declared";
        confirmed_at: "병원 확인", "Taken by the hospital";
        read_volume: "읽어 간 양", "What was read";
        hash: "신고 내용의 SHA-256", "SHA-256 of the declaration";
        hash_note: "같은 값이 접속기록 원장의 grant.declare_destroyed 기록에 있습니다.", "The same value stands in the ledger, in the entry grant.declare_destroyed.";
        pdf: "PDF로 받기", "Get it as PDF";
        signs_company: "신고 기업 대표 (서명)", "For the company";
        signs_hospital: "병원 데이터 책임자 (서명)", "For the hospital";
        never_open: "이 승인은 열린 적이 없어 보고하거나 파기할 것이 없습니다.", "This grant was never open: there is nothing to report or to destroy.";
        bad_report: "경과보고는 20자 이상 4,000자 이하로 적어 주세요.", "A report has 20 to 4,000 characters.";
        bad_answer: "답은 1자 이상 2,000자 이하로 적어 주세요.", "An answer has 1 to 2,000 characters.";
        bad_day: "파기를 마친 날은 승인이 시작된 뒤이고 오늘 이전이어야 합니다.", "The day of destruction is after the start of the grant, and not after today.";
        bad_destruction: "파기 방법과 파기한 것(10자 이상), 책임자 이름을 적어 주세요.", "Say how, what (at least 10 characters) and who saw to it.";
        bad_promise: "사실임을 확인해야 신고할 수 있습니다.", "Nothing was declared: confirm that it is true.";
        bad_refusal: "돌려보내는 사유를 1자 이상 2,000자 이하로 적어 주세요.", "Give a reason of 1 to 2,000 characters.";
        waiting_hospital: "읽지 않은 경과보고와 확인할 파기 신고", "Reports to read and declarations of destruction to take";
        waiting_company: "기한이 다가온 경과보고와 파기 신고", "Reports to write and destruction to declare";
    }
}
