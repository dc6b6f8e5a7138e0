//! What stands on every page.

use super::texts;

texts! {
    /// The frame of a page, its navigation, states and notices.
    Common {
        skip: "본문으로 건너뛰기", "Skip to content";
        tagline: "개방형 보건의료 데이터 샌드박스", "Open healthcare data sandbox";
        main_navigation: "주 메뉴", "Main";
        breadcrumb: "현재 위치", "Breadcrumb";
        nav_catalogue: "데이터", "Data";
        nav_reference: "API 문서", "API reference";
        nav_home: "내 업무", "Overview";
        nav_apps: "앱", "Apps";
        nav_requests: "이용 신청", "Access requests";
        nav_grants: "이용 승인", "Grants";
        nav_usage: "이용량", "Usage";
        nav_ledger: "원장", "Ledger";
        nav_organizations: "기관", "Organizations";
        nav_releases: "버전 공개", "Releases";
        nav_kill_switches: "비상 정지", "Kill switches";
        sign_in: "로그인", "Sign in";
        sign_out: "로그아웃", "Sign out";
        footer: "모든 데이터 접근은 첫 바이트가 나가기 전에 원장에 기록됩니다.", "Every access is in the ledger before the first byte leaves.";
        footer_checkpoint: "원장 체크포인트", "Ledger checkpoint";
        footer_openapi: "OpenAPI 문서", "OpenAPI document";
        times_are_kst: "표시 시각은 한국 표준시(KST)입니다.", "Times are Korea Standard Time (KST).";
        error_back: "첫 화면으로", "To the front page";
        error_call: "문의할 때 알려 주실 번호", "Quote this to the operator";
        synthetic: "합성", "Synthetic";
        deidentified: "비식별", "De-identified";
        simulated: "모의 데이터", "Simulated";
        state_active: "사용 중", "Active";
        state_suspended: "일시 중지", "Suspended";
        state_revoked: "폐기됨", "Revoked";
        state_closed: "종료됨", "Closed";
        state_expired: "만료됨", "Expired";
        state_pending: "시작 전", "Not started";
        state_draft: "작성 중", "Draft";
        state_submitted: "검토 대기", "Waiting for review";
        state_returned: "보완 요청", "Sent back";
        state_approved: "승인", "Approved";
        state_rejected: "반려", "Rejected";
        state_withdrawn: "철회", "Withdrawn";
        state_staged: "공개 대기", "Staged";
        state_published: "공개", "Published";
        state_completed: "완료", "Completed";
        state_aborted: "중단", "Aborted";
        state_denied: "거부", "Denied";
        state_unknown: "결과 불명", "Unknown";
        never: "없음", "Never";
        no_end: "만료 없음", "No end";
        next_page: "다음", "Next page";
        reason: "사유", "Reason";
        organization: "기관", "Organization";
        app: "앱", "App";
        dataset: "데이터셋", "Dataset";
        tier: "구분", "Tier";
        version: "버전", "Version";
        table: "테이블", "Table";
        tables: "테이블", "Tables";
        state: "상태", "State";
        created: "생성", "Created";
        rows: "행", "Rows";
        bytes: "바이트", "Bytes";
        name: "이름", "Name";
        done_app_created: "앱을 등록했습니다. 이제 자격증명을 만드세요.", "The app is registered. Now create a credential for it.";
        done_app_revoked: "앱을 폐기했습니다. 1초 안에 모든 요청이 중단됩니다.", "The app is revoked. Its requests stop within one second.";
        done_key_registered: "공개 키를 등록했습니다. kid를 assertion 헤더에 넣어 서명하세요.", "The public key is registered. Name its kid in the header of your assertions.";
        done_credential_revoked: "자격증명을 폐기했습니다. 1초 안에 효력을 잃습니다.", "The credential is revoked. It stops working within one second.";
        done_device_allowed: "기기를 연결했습니다. 기기로 돌아가면 몇 초 안에 로그인됩니다.", "The device is signed in. Go back to it; it goes on within seconds.";
        done_device_denied: "기기 연결을 거부했습니다. 그 코드는 더 이상 쓸 수 없습니다.", "The device was refused. Its code is worth nothing any more.";
        done_grant_revoked: "이용 승인을 철회했습니다. 진행 중인 전송도 1초 안에 멈춥니다.", "The grant is revoked. Running streams stop within one second.";
        done_request_submitted: "이용 신청을 제출했습니다. 병원의 검토를 기다립니다.", "The access request is filed and waits for the hospital.";
        done_request_approved: "승인했습니다. 이용 승인이 바로 효력을 갖습니다.", "Approved. The grant is effective now.";
        done_request_rejected: "신청을 반려했습니다.", "The request is rejected.";
        done_request_withdrawn: "신청을 철회했습니다.", "The request is withdrawn.";
        done_organization_suspended: "기관의 이용을 중지했습니다. 1초 안에 모든 요청이 중단됩니다.", "The organization is suspended. Its requests stop within one second.";
        done_organization_resumed: "기관의 이용을 재개했습니다.", "The organization may act again.";
        done_app_rules_updated: "앱 규칙을 저장했습니다. 1초 안에 적용됩니다.", "The rules are saved and effective within one second.";
        done_access_stopped: "정지했습니다. 진행 중인 전송도 1초 안에 멈춥니다.", "Stopped. Running streams stop within one second.";
        done_access_resumed: "재개했습니다.", "Access is resumed.";
        done_version_published: "버전을 공개했습니다.", "The version is published.";
        done_version_withdrawn: "버전을 내렸습니다. 1초 안에 제공이 중단됩니다.", "The version is withdrawn. It is no longer served within one second.";
        done_signed_out: "로그아웃했습니다.", "You are signed out.";
    }
}
