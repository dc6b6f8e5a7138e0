//! What the portal says about plans and invoices.

use super::texts;

texts! {
    /// Plans.
    PlansTexts {
        title: "요금제", "Plans";
        lead: "한 달 이용료를 정합니다. 요금제의 버전은 바뀌지 않으며, 조건이 달라지면 새 버전을 만듭니다. 요금제를 주지 않은 기업은 무료입니다.", "What a month costs. A version of a plan never changes; other terms are another version. A company that was given no plan pays nothing.";
        empty: "아직 요금제가 없습니다. 아래에서 첫 요금제를 만드세요.", "There is no plan yet. Define the first one below.";
        version: "버전", "version";
        fee: "월 기본료", "Fee of a month";
        included: "포함량 (데이터, 행, 요청)", "Included (data, rows, requests)";
        valid_from: "적용 가능한 첫 달", "First month it may be given for";
        class: "작업", "Operation";
        tier: "데이터 종류", "Tier";
        per_gib: "GiB당 ₩", "₩ for a GiB";
        per_rows: "백만 행당 ₩", "₩ for a million rows";
        per_request: "요청당 ₩", "₩ for a request";
        given: "기업별 요금제", "Who has which";
        given_empty: "요금제를 받은 기업이 없습니다.", "No company was given a plan.";
        plan: "요금제", "Plan";
        from: "시작 월", "From";
        give: "요금제 주기", "Give the plan";
        define: "요금제 만들기", "Define a plan";
        define_note: "이미 있는 이름을 쓰면 다음 버전이 됩니다. 비워 둔 가격은 0원입니다.", "A name that is there already makes the next version. What is left empty costs nothing.";
        name: "이름", "Name";
        included_gib: "포함 데이터 (GiB)", "Included data (GiB)";
        included_rows: "포함 행 수", "Included rows";
        included_requests: "포함 요청 수", "Included requests";
        prices: "가격 (원, 소수 여섯째 자리까지)", "Prices (won, up to six decimals)";
        bad_name: "이름은 80자까지 쓸 수 있습니다.", "Give a name of up to 80 characters.";
        bad_month: "달은 2026-10처럼 적고, 요금제가 적용 가능한 달이며 아직 청구하지 않은 달이어야 합니다.", "Write a month like 2026-10; the plan must be valid then, and the month must not be invoiced or given already.";
        bad_number: "기본료와 포함량은 0 이상의 정수입니다.", "Fee and included amounts are whole numbers, 0 or more.";
        bad_price: "가격은 120 또는 0.25처럼 적습니다.", "Write prices like 120 or 0.25.";
        bad_plan: "요금제를 저장할 수 없습니다. 가격은 10억 원을 넘을 수 없습니다.", "The plan cannot be stored. No price may be above a billion won.";
        bad_subscription: "기업, 요금제, 시작 월(예: 2026-10)을 고르세요.", "Choose a company, a plan and a month like 2026-10.";
    }
}

texts! {
    /// Invoices.
    InvoicesTexts {
        title: "청구서", "Invoices";
        lead: "청구서의 모든 줄은 원장 기록의 합계이며, 어떤 기록에서 나왔는지 적혀 있습니다.", "Every line of an invoice is a sum over entries of the ledger, and says over which.";
        draft: "이번 달 예상", "So far in";
        draft_note: "예상 금액입니다. 달이 끝난 뒤 발행되는 청구서와 다를 수 있습니다.", "An estimate. The invoice is made when the month is over.";
        plan: "요금제", "Plan";
        subtotal: "공급가액", "Without VAT";
        total: "합계 (부가세 포함)", "With VAT";
        empty: "발행된 청구서가 없습니다. 청구서는 달이 끝난 뒤 발행됩니다.", "No invoice was issued. A month is invoiced when it is over.";
        month: "월", "Month";
        lines: "줄", "Lines";
        issued: "발행", "Issued";
        bundle: "증명 묶음 내려받기", "Download with proofs";
        check: "직접 확인하기", "Check it yourself";
        check_note: "묶음에는 청구서, 서명, 모든 기록과 그 증명이 들어 있어 서버 없이 확인할 수 있습니다. 검증 키는 다른 경로로도 확인하세요.", "The bundle holds the invoice, its signature, and every entry with its proof: it is checked without the server. Compare the verifier key with the one you got in another way.";
        issue: "청구서 발행", "Issue an invoice";
        bad_month: "기업을 고르고 달은 2026-10처럼 적으세요.", "Choose a company and a month like 2026-10.";
        not_over: "아직 끝나지 않은 달입니다.", "That month is not over yet.";
        issued_already: "이미 발행된 청구서입니다. 발행된 청구서는 바뀌지 않습니다.", "That invoice was issued already; an issued invoice never changes.";
    }
}
