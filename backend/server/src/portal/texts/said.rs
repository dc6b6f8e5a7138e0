//! What the sandbox says itself where people write otherwise.

use super::texts;

texts! {
    /// Reasons and conditions that nobody wrote.
    SaidTexts {
        unanswered: "승인 조건에 기한 안에 답하지 않았습니다", "The conditions of the approval were not answered in time";
        closed: "기업이 이용을 마쳤습니다", "Closed by the company";
        ethics: "IRB 승인 번호 제출", "Hand in the IRB approval number";
    }
}
