//! What stands on the pages of requests, grants, releases, ledger and organizations.

use super::texts;

texts! {
    /// The overview after sign-in.
    HomeTexts {
        title: "내 업무", "Overview";
        waiting: "처리할 일", "Waiting on you";
        waiting_none: "지금 처리할 일이 없습니다.", "Nothing waits on you.";
        waiting_requests: "검토를 기다리는 이용 신청", "Access requests to review";
        waiting_own_requests: "이어서 처리할 이용 신청", "Access requests to go on with";
        waiting_versions: "공개를 기다리는 버전", "Versions to publish";
        waiting_reviews: "서명되지 않은 지난달 접속기록 점검", "Monthly reviews that are overdue";
        waiting_glass: "긴급 접근의 사후 심사", "Break-glass access to review";
        waiting_agreement: "데이터 이용 약정의 새 판에 서명하세요. 기한까지 서명하지 않으면 토큰이 발급되지 않습니다", "Sign the new version of the agreement; without it there are no tokens from its day on";
        waiting_app: "앱을 등록하고 자격증명을 만드세요.", "Register an app and create a credential.";
        since: "가장 오래된 접수", "Oldest since";
        apps: "앱", "Apps";
        live_grants: "유효한 이용 승인", "Live grants";
        open_requests: "검토 중인 신청", "Requests under review";
        ledger_size: "원장 기록 수", "Ledger entries";
        endings: "곧 끝나는 항목", "Ending soon";
        endings_lead: "새 자격증명은 지금 것과 나란히 쓸 수 있습니다. 바꾼 뒤에 옛 것을 폐기하세요. 이용 승인은 다시 신청해야 이어집니다.", "A new credential works beside the present one: change over, then revoke the old one. A grant goes on only with a new request.";
        ending_what: "항목", "What";
        ending_when: "종료", "Ends";
        ending_days: "남은 일수", "Days left";
        ending_told: "알린 때", "Told";
        roles: "역할", "Roles";
        representative: "기업 대표", "Company representative";
        developer: "개발자", "Developer";
        steward: "데이터 담당자", "Data steward";
        reviewer: "심의 담당자", "Reviewer";
        external: "외부 심의위원", "External board member";
        auditor: "감사 담당자", "Auditor";
        admin: "운영자", "Administrator";
    }
}

texts! {
    /// Grants.
    GrantsTexts {
        title: "이용 승인", "Grants";
        lead: "승인은 앱 하나에 데이터셋, 열, 행, 할당량, 기간을 정해 데이터를 엽니다.", "A grant opens a dataset to one app: columns, rows, a quota and a time.";
        empty: "이용 승인이 없습니다. 데이터 목록에서 데이터셋을 골라 이용 신청을 하세요.", "No grants. Pick a dataset in the catalogue and file an access request.";
        empty_all: "이용 승인이 없습니다. 이용 신청을 승인하면 여기에 나타납니다.", "No grants. They appear here when an access request is approved.";
        reach: "제공과 반출", "Provision and export";
        columns: "열", "Columns";
        row_filter: "행 조건", "Row filter";
        all_rows: "모든 행", "All rows";
        bytes_used: "사용한 바이트", "Bytes used";
        rows_used: "사용한 행", "Rows used";
        valid: "기간", "Valid";
        purpose: "이용 목적", "Purpose";
        revoke: "이용 승인 철회", "Revoke the grant";
        revoke_reason: "철회 사유", "Reason for revoking";
        bad_reason: "사유는 1자 이상 500자 이하로 적어 주세요.", "Give a reason of 1 to 500 characters.";
    }
}

texts! {
    /// Access requests.
    RequestsTexts {
        title: "이용 신청", "Access requests";
        lead: "비식별 데이터는 신청, 검토, 승인의 순서로 열립니다.", "De-identified data opens by request, review and grant.";
        empty: "이용 신청이 없습니다. 새 신청을 작성하세요.", "No access requests. File a new one.";
        empty_all: "이용 신청이 없습니다. 기업이 제출하면 여기에 나타납니다.", "No access requests. They appear here when a company files one.";
        new: "새 이용 신청", "New access request";
        purpose: "이용 목적", "Purpose";
        purpose_hint: "무엇을, 왜, 어떤 결과를 위해 이용하는지 적어 주세요. (20자 이상 4,000자 이하)", "What you will do, why, and for which result (20 to 4,000 characters).";
        agreement: "데이터 이용 약정", "Data use agreement";
        accept: "약정 전문을 읽었으며 기업을 대표해 서명합니다.", "I have read the agreement and sign it for the company.";
        submit: "신청 제출", "File the request";
        no_apps: "먼저 앱을 등록하세요. 승인은 앱 하나에 주어집니다.", "Register an app first: a grant is given to one app.";
        no_agreement: "유효한 이용 약정이 없어 신청할 수 없습니다. 병원 운영자에게 문의하세요.", "There is no data use agreement in force. Ask the hospital's operator.";
        no_datasets: "신청할 수 있는 비식별 데이터셋이 없습니다.", "No de-identified dataset is published.";
        author: "신청자", "Filed by";
        waits_since: "접수", "Filed";
        waits_on: "다음 처리", "Waits on";
        on_hospital: "병원 심의 담당자", "The hospital's reviewer";
        on_company: "신청 기업", "The company";
        on_nobody: "처리 완료", "Nobody: decided";
        approve: "승인", "Approve";
        approve_columns: "열어 줄 열", "Columns to open";
        approve_columns_note: "선택하지 않은 열은 이 앱에 존재하지 않게 됩니다.", "Columns left out do not exist for the app.";
        row_filter: "행 조건 (선택)", "Row filter (optional)";
        row_filter_hint: "테이블마다 적습니다. 예: age >= 60 and sex = 'F'", "One for each table, for instance: age >= 60 and sex = 'F'";
        quota_gib: "바이트 할당량 (GiB)", "Byte quota (GiB)";
        quota_rows: "행 할당량", "Row quota";
        days: "기간 (일)", "Days";
        reject: "반려", "Reject";
        reject_reason: "반려 사유", "Reason for rejecting";
        withdraw: "신청 철회", "Withdraw the request";
        grant: "이용 승인 보기", "See the grant";
        bad_purpose: "이용 목적은 20자 이상 4,000자 이하로 적어 주세요.", "Give a purpose of 20 to 4,000 characters.";
        bad_accept: "약정에 서명해야 신청할 수 있습니다.", "The agreement must be signed.";
        bad_app: "이 앱으로는 신청할 수 없습니다.", "This app cannot be used.";
        bad_dataset: "이 데이터셋은 신청할 수 없습니다.", "This dataset cannot be requested.";
        bad_columns: "열을 하나 이상 선택하세요.", "Choose at least one column.";
        bad_filter: "행 조건을 읽을 수 없습니다. 표시된 칸을 고쳐 주세요.", "A row filter cannot be used. Mend the field that is marked.";
        bad_quota: "할당량은 1 이상의 정수로, 바이트는 1,000,000 GiB까지 적어 주세요.", "Quotas are whole numbers from 1; bytes up to 1,000,000 GiB.";
        bad_days: "기간은 1일 이상 1,095일 이하로 적어 주세요.", "Days are from 1 to 1,095.";
        bad_reason: "사유는 1자 이상 500자 이하로 적어 주세요.", "Give a reason of 1 to 500 characters.";
    }
}

texts! {
    /// Versions waiting to be served.
    ReleasesTexts {
        title: "버전 공개", "Releases";
        lead: "만들어진 버전을 공개하거나 내립니다. 위험도 기준을 통과한 버전만 공개할 수 있습니다.", "Put built versions into service or take them out. Only those that passed their risk limit can be published.";
        empty: "버전이 없습니다. 병원 내부망에서 mudeung curate build로 만드세요.", "No versions. Build one with `mudeung curate build` on the hospital's side.";
        built: "만든 날", "Built";
        risk: "위험도 (k)", "Risk (k)";
        not_measured: "해당 없음", "Not applicable";
        publish: "공개", "Publish";
        withdraw: "내리기", "Withdraw";
        twins: "쌍둥이의 프라이버시 예산", "Privacy budgets of twins";
        twins_note: "공개한 쌍둥이마다 데이터셋의 예산이 줄고, 내려도 돌아오지 않습니다. 같은 모형은 한 번만 셉니다.", "Each twin that was published takes from the budget of its dataset, and taking it out of service gives nothing back. The same model counts once.";
        twins_empty: "공개한 쌍둥이가 없습니다. 레시피의 [twin]과 mudeung curate twin으로 만드세요.", "No twins were published. Make one with [twin] in a recipe and `mudeung curate twin`.";
        twins_spent: "쓴 프라이버시 손실 (ρ)", "Privacy loss spent (ρ)";
        failed_gate: "위험도 기준을 통과하지 못했습니다.", "The version did not pass its risk limit.";
    }
}

texts! {
    /// The ledger.
    LedgerTexts {
        title: "원장", "Ledger";
        lead: "누가 무엇을 언제 했는지의 기록입니다. 추가만 되며, 이 화면을 본 일도 기록됩니다.", "Who did what and when. It only grows, and looking at this page is recorded too.";
        empty: "조건에 맞는 기록이 없습니다. 조건을 지우고 다시 찾아보세요.", "No entries match. Clear the filter and look again.";
        filter: "찾기", "Filter";
        operation: "작업", "Operation";
        from: "시작일", "From";
        until: "종료일", "Until";
        member: "구성원", "Member";
        grant: "이용 승인", "Grant";
        token: "토큰 (jti)", "Token (jti)";
        status: "결과", "Outcome";
        export: "내보내기", "Export";
        personal: "개인 식별 값", "Personal values";
        minutes: "회의록용 체크포인트", "Checkpoint for the minutes";
        apply: "조건 적용", "Apply";
        clear: "조건 지우기", "Clear";
        index: "번호", "Index";
        time: "시각", "Time";
        kind: "종류", "Kind";
        intent: "의도", "Intent";
        who: "주체", "Who";
        what: "대상", "What";
        size: "기록 수", "Entries";
        root: "현재 루트 해시", "Root hash";
        checkpoint: "최근 서명된 체크포인트", "Last signed checkpoint";
        no_checkpoint: "아직 체크포인트가 없습니다. 서버가 곧 서명합니다.", "No checkpoint yet. The server signs one shortly.";
        entry: "원장 기록", "Ledger entry";
        field: "항목", "Field";
        value: "값", "Value";
        leaf_hash: "잎 해시 (RFC 6962)", "Leaf hash (RFC 6962)";
        bytes_note: "해시의 대상이 되는 정규 바이트", "The canonical bytes that are hashed";
        closes: "이 결과가 닫는 의도 기록", "The intent it closes:";
        back: "원장으로 돌아가기", "Back to the ledger";
        bad_day: "날짜는 2026-01-31처럼 적어 주세요.", "Write days like 2026-01-31.";
        healthy: "정상: 새 기록을 받을 수 있습니다.", "Healthy: it takes new entries.";
        unhealthy: "쓰기 불가: 데이터 제공이 중단되어 있습니다.", "Not writable: no data is given.";
    }
}

texts! {
    /// Organizations.
    OrganizationsTexts {
        title: "기관", "Organizations";
        lead: "기관을 중지하면 그 기관의 모든 앱과 구성원이 1초 안에 멈춥니다.", "Suspending an organization stops all its apps and members within one second.";
        empty: "기관이 없습니다. mudeung user create로 등록하세요.", "No organizations. Create one with `mudeung user create`.";
        kind: "종류", "Kind";
        company: "기업", "Company";
        hospital: "병원", "Hospital";
        number: "사업자등록번호", "Business registration number";
        members: "구성원", "Members";
        suspend: "이용 중지", "Suspend";
        resume: "이용 재개", "Resume";
        reason: "중지 사유", "Reason for suspending";
    }
}
