//! What stands on the pages of exports, checkpoints and monthly reviews.

use super::texts;

texts! {
    /// Exports and the checkpoint for the minutes.
    ExportTexts {
        ledger: "원장", "Ledger";
        title: "원장 내보내기", "Export the ledger";
        lead: "기간을 정해 기록을 내려받습니다. 파일에는 서명된 목록과 증명이 들어 있어 서버 없이도 확인할 수 있습니다. 내려받은 일과 사유도 기록됩니다.", "Download the entries of a period. The archive holds a signed manifest and proofs, so that it can be checked without this server. The download and its reason are recorded too.";
        from: "시작일", "From";
        until: "종료일 (포함)", "Until (included)";
        format: "형식", "Format";
        as_ndjson: "NDJSON (정규 바이트)", "NDJSON (canonical bytes)";
        as_csv: "CSV (엑셀용 표)", "CSV (for spreadsheets)";
        as_fhir_r4: "FHIR R4 AuditEvent (IHE BALP 방식)", "FHIR R4 AuditEvent (IHE BALP)";
        as_fhir_r5: "FHIR R5 AuditEvent 형식", "FHIR R5 AuditEvent";
        reason: "다운로드 사유", "Reason for the download";
        reason_hint: "무엇에 쓰는지 5자 이상 500자 이하로 적어 주세요. 사유는 원장에 남습니다.", "Say what it is for, in 5 to 500 characters. The reason stays in the ledger.";
        submit: "내려받기", "Download";
        check: "확인하는 방법", "How to check it";
        check_how: "압축을 풀고, 다른 경로로 받은 검증 키와 비교한 뒤 확인합니다.", "Unpack it, compare the verifier key with the one you were given in another way, and check.";
        bad_period: "기간과 형식을 확인해 주세요. 날짜는 2026-01-31처럼 적습니다.", "Check period and format. Write days like 2026-01-31.";
        bad_reason: "사유는 5자 이상 500자 이하로 적어 주세요.", "Give a reason of 5 to 500 characters.";
        checkpoint_title: "회의록용 체크포인트", "Checkpoint for the minutes";
        checkpoint_lead: "이 쪽을 인쇄해 회의록에 붙여 두면, 뒤에 원장이 바뀌거나 잘렸을 때 누구나 알 수 있습니다.", "Print this page and keep it with the minutes: if the ledger is changed or cut later, anyone can tell.";
        made: "출력 시각", "Printed";
        log: "원장 이름", "Name of the log";
        size: "기록 수", "Entries";
        note: "서명된 체크포인트", "Signed checkpoint";
        no_checkpoint: "아직 체크포인트가 없습니다.", "There is no checkpoint yet.";
        verifier: "검증 키", "Verifier key";
        how: "확인하는 방법", "How to check it";
        how_key: "검증 키가 병원이 따로 알려 준 것과 같은지 비교합니다. (/ledger/verifier)", "Compare the verifier key with the one that the hospital gave you in another way (/ledger/verifier).";
        how_later: "뒤에 받은 체크포인트(/ledger/checkpoint)가 이 체크포인트를 이어 가는지 일관성 증명으로 확인합니다.", "With a consistency proof, check that a later checkpoint (/ledger/checkpoint) continues this one.";
        how_alarm: "이어지지 않으면 원장이 바뀐 것입니다. 이 종이와 함께 감사 담당자에게 알리세요.", "If it does not, the ledger was changed. Tell the auditor, with this paper.";
        signed_by: "확인자", "Checked by";
        signed_on: "날짜", "Date";
    }
}
