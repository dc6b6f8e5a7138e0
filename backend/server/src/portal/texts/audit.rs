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

texts! {
    /// Monthly reviews of the ledger.
    ReviewTexts {
        title: "접속기록 점검", "Monthly review";
        lead: "매달 지난달의 접속기록을 표본으로 점검하고 서명합니다. 서명된 점검은 바뀌지 않으며 그 해시가 원장에 남습니다.", "Each month a sample of the month before is examined and signed. A signed review never changes, and the ledger keeps its hash.";
        due: "점검을 기다리는 달", "Months to review";
        none_due: "기다리는 달이 없습니다.", "No month waits.";
        begin: "점검 시작:", "Begin";
        empty: "아직 점검이 없습니다.", "There are no reviews yet.";
        month: "달", "Month";
        signed: "서명", "Signed";
        countersigned: "확인 서명", "Countersigned";
        reviewer: "점검자", "Reviewer";
        entries: "기록 수", "Entries";
        reads: "데이터 조회", "Reads of data";
        denied_count: "거부 건수", "Refusals";
        rows: "제공한 행", "Rows sent";
        bytes: "제공한 바이트", "Bytes sent";
        apps: "사용한 앱", "Apps that acted";
        chart: "일별 데이터 조회와 거부", "Reads and refusals by day";
        checkpoint: "점검의 근거가 된 체크포인트", "The checkpoint it stands under";
        sample: "표본", "Sample";
        sample_how: "표본은 체크포인트의 루트와 달에서 정해지므로 누구나 다시 뽑을 수 있습니다. 무작위 표본을 뺀 항목에는 판단과 소견이 필요합니다.", "The sample follows from the root of the checkpoint and the month, so that anyone can draw it again. All but the random ones need a verdict and a finding.";
        denied: "거부", "Refused";
        large: "대량 조회", "Large read";
        new_app: "새 앱", "New app";
        out_of_hours: "업무 시간 외", "Out of hours";
        random: "무작위", "Random";
        time: "시각", "Time";
        who: "주체", "Who";
        what: "대상", "What";
        purpose: "이용 목적 (다운로드 사유)", "Purpose (reason for the download)";
        verdict: "판단", "Verdict";
        proper: "적정", "Proper";
        explained: "소명됨", "Explained";
        incident: "조치 필요", "Needs action";
        finding: "소견", "Finding";
        conclusion: "종합 의견", "Conclusion";
        name: "이름 (서명)", "Your name (signature)";
        sign: "점검에 서명", "Sign the review";
        sign_note: "서명하면 고칠 수 없습니다. 본인 확인이 5분을 넘었으면 다시 확인하며, 적은 내용은 그대로 있습니다.", "What is signed cannot be changed. If you proved who you are more than five minutes ago you are asked again, and what you wrote is kept.";
        save: "임시 저장", "Save as a draft";
        bad_draft: "적은 내용이 너무 길어 저장할 수 없습니다.", "This is too long to be kept.";
        countersign: "확인 서명하기", "Countersign";
        document: "서명된 문서", "The signed document";
        bad_findings: "표시된 모든 항목에 판단과 소견을 적어 주세요.", "Give a verdict and a finding for each flagged entry.";
        bad_conclusion: "종합 의견은 10자 이상 4,000자 이하로 적어 주세요.", "Give a conclusion of 10 to 4,000 characters.";
        bad_name: "이름이 로그인한 구성원과 다릅니다.", "The name is not that of the member who is signed in.";
    }
}

texts! {
    /// What entries stand for.
    PersonalTexts {
        title: "개인 식별 값", "Personal values";
        lead: "원장의 기록에는 접속 주소와 사람 이름 대신 약속값(commitment)만 있습니다. 값은 여기에 따로 보관되며, 지워도 원장과 증명은 그대로 맞습니다.", "Entries of the ledger hold commitments in place of network addresses and names. The values are kept beside it and can be erased: the ledger and all proofs hold as before.";
        values: "보관 중인 값", "Values that are kept";
        oldest: "가장 오래된 값", "The oldest";
        erase: "값 지우기", "Erase values";
        erase_note: "되돌릴 수 없습니다. 지운 뒤에는 누구도 그 기록의 주소와 이름을 알 수 없습니다. 법정 보관 기간(2년 이상)이 지났는지 먼저 확인하세요.", "This cannot be undone: nobody can tell the address and the name of those entries afterwards. Check first that the time for which the law wants them kept (two years at least) is over.";
        of: "무엇을", "What";
        of_member: "한 사람에 관한 모든 값", "All that is kept of a member";
        of_address: "한 접속 주소", "A network address";
        of_before: "이 날짜 전에 보관된 모든 값", "All that was kept before a day";
        value: "ID, 주소 또는 날짜", "Identifier, address or day";
        value_hint: "예: mem_…, 203.0.113.7, 2024-01-01", "For instance mem_…, 203.0.113.7, 2024-01-01";
        reason: "사유", "Reason";
        reason_hint: "원장에 남습니다. 지울 값을 여기에 적지 마세요.", "The ledger keeps it. Do not write the value itself here.";
        bad_subject: "ID는 mem_으로 시작하고, 주소는 IP 주소이며, 날짜는 2024-01-01처럼 적습니다.", "An identifier begins with mem_, an address is an IP address, and a day is written like 2024-01-01.";
        bad_reason: "사유를 500자 안에서 적어 주세요.", "Say why, in up to 500 characters.";
        erased: "삭제됨", "erased";
    }
}
