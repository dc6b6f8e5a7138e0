//! What stands on the pages of exports.

use super::texts;

texts! {
    /// Results that companies want to take away.
    ResultTexts {
        title: "결과 반출", "Export of results";
        lead: "기관 안 분석(제공)으로 만든 결과입니다. 결과를 직접 보고, 개인을 알아볼 수 없을 때만 반출에 동의하세요.", "Results of analyses inside. Look at each, and consent only when nobody can be found in it.";
        lead_company: "기관 안 분석(제공)으로 만든 결과의 반출 신청입니다. 승인된 결과는 API의 작업에서 받습니다.", "The results that you asked to take away. Fetch what was released from its job by the API.";
        empty: "반출 신청이 없습니다.", "No result was asked for.";
        how: "분석만 허용된 승인에서는 쿼리를 Prefer: respond-async로 실행하고, 끝난 작업에 반출을 신청합니다.", "Under a grant for analysis inside, run the query with Prefer: respond-async, then ask for the export of the job that ended.";
        waiting: "반출 심의를 기다리는 결과", "Results that wait for a decision on their export";
        state_waiting: "심의 중", "Waiting";
        state_released: "반출 승인", "Released";
        state_refused: "반출 거절", "Refused";
        state_lapsed: "기한 지남", "Lapsed";
        company: "기업", "Company";
        app: "앱", "App";
        grant: "승인", "Grant";
        filed: "신청", "Asked";
        until: "심의 기한", "To be decided by";
        result: "결과", "Result";
        rows: "행", "rows";
        bytes: "바이트", "bytes";
        size_untold: "반출이 승인되면 보입니다", "Told once it is released";
        tables: "읽은 테이블", "Tables that were read";
        sql: "쿼리", "Query";
        reason: "기업의 설명", "What the company says";
        hash: "결과의 SHA-256", "SHA-256 of the result";
        look: "결과 보기", "Look at the result";
        look_note: "반출될 파일 그대로입니다. 열람은 원장에 남습니다.", "The very bytes that would leave. Looking is recorded in the ledger.";
        wanted: "남은 동의", "Consents still wanted";
        consent: "반출에 동의", "Consent to the export";
        consent_lead: "모두 확인해야 동의할 수 있습니다. 동의는 사람마다 한 번입니다.", "Consent needs each of these. One person consents once.";
        check_cells: "모든 칸의 인원이 기준(보통 10명) 이상이며 빼기로 작은 칸이 드러나지 않는다", "Every cell counts enough persons (10 as a rule), and no small one shows by subtraction";
        check_rows: "개인별 행, 최솟값·최댓값처럼 한 사람의 값이 없다", "There is no row or value of one person, such as a minimum or a maximum";
        check_used: "쿼리와 결과가 승인된 목적과 맞는다", "Query and result fit the purpose of the grant";
        text: "무엇을 확인했는지", "What was checked";
        refuse: "반출을 거절", "Refuse the export";
        refuse_text: "거절 사유와 어떻게 하면 되는지", "Why, and what would pass";
        history: "심의 기록", "What was said";
        consented: "동의", "consented";
        released: "반출 승인", "released";
        refused: "거절", "refused";
        bad_checks: "세 가지를 모두 확인했다고 표시해 주세요.", "Tick each of the three.";
        bad_text: "1~2,000자로 적어 주세요.", "Write 1 to 2,000 characters.";
        over: "이미 결정되었거나 기한이 지났습니다.", "It is decided already, or its time is over.";
        twice: "이미 동의하셨습니다. 다른 동의는 다른 사람이 해야 합니다.", "You consented already: another consent must be another person's.";
        not_asked: "이 반출에 동의할 부서가 아닙니다.", "None of your offices is asked about this export.";
        changed: "결과 파일이 신청 때와 다릅니다. 반출할 수 없습니다.", "The result is not the one that was asked for. It cannot leave.";
    }
}
