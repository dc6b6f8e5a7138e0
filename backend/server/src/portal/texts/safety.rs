//! What stands on the pages that stop access and guard accounts.

use super::texts;

texts! {
    /// Kill switches.
    KillSwitchTexts {
        title: "비상 정지", "Kill switches";
        lead: "다섯 단계에서 접근을 멈춥니다. 새 요청과 진행 중인 전송이 모두 1초 안에 멈추고, 사유와 함께 원장에 남습니다.", "Stop access at five levels. New requests and running streams stop within one second, and the ledger keeps who did it and why.";
        stopped: "지금 멈춘 것", "Stopped now";
        nothing_stopped: "멈춘 것이 없습니다. 모두 정상으로 제공됩니다.", "Nothing is stopped: everything is served.";
        level: "단계", "Level";
        target: "대상", "Target";
        target_hint: "목록에서 고르거나 식별자를 적으세요.", "Choose from the list, or type the identifier.";
        since: "정지 시각", "Since";
        stop: "정지", "Stop";
        resume: "재개", "Resume";
        confirm: "위 대상을 지금 멈추는 것에 동의합니다.", "I mean to stop this now.";
        credential: "자격증명", "Credential";
        credential_effect: "자격증명 하나를 폐기합니다. 같은 앱의 다른 자격증명은 계속 쓸 수 있고, 폐기는 되돌릴 수 없습니다.", "Revokes one credential for good. Other credentials of the app go on working.";
        app: "앱", "App";
        app_effect: "앱 하나의 모든 자격증명과 토큰, 서명 주소가 멈춥니다.", "Stops all credentials, tokens and signed addresses of one app.";
        organization: "기관", "Organization";
        organization_effect: "기관의 모든 앱이 멈추고 구성원은 로그아웃됩니다.", "Stops all apps of an organization and signs its members out.";
        dataset: "데이터셋", "Dataset";
        dataset_effect: "데이터셋 하나의 모든 버전과 두 구분이 모두에게서 사라집니다.", "Hides all versions and both tiers of one dataset from everybody.";
        service: "서비스 전체", "The whole service";
        service_effect: "토큰 발급과 데이터 제공이 모두 멈춥니다. 포털, 상태 확인, 원장 검증은 계속 열려 있습니다.", "Stops all tokens and all data. The portal, health and the proofs of the ledger stay up.";
        bad_reason: "사유는 1자 이상 500자 이하로 적어 주세요. 아무것도 멈추지 않았습니다.", "Give a reason of 1 to 500 characters. Nothing was stopped.";
        bad_confirm: "확인란에 표시해야 합니다. 아무것도 멈추지 않았습니다.", "Tick the box to confirm. Nothing was stopped.";
        bad_target: "대상을 알아볼 수 없습니다. 목록에서 고르거나 식별자를 그대로 적어 주세요.", "The target is not understood. Choose from the list, or type the whole identifier.";
        for_another: "다른 운영자가 재개합니다", "Another administrator starts it again";
        preview: "미리 보기", "Preview";
        preview_title: "정지하면 멈추는 것", "What a stop would reach";
        preview_lead: "아직 아무것도 멈추지 않았습니다. 아래가 1초 안에 멈춥니다.", "Nothing is stopped yet. This would be, within a second.";
        transfers: "진행 중인 전송 (최근 1시간에 시작)", "Transfers under way (begun within the hour)";
        live_grants: "유효한 이용 승인", "Live grants";
        live_credentials: "유효한 자격증명", "Live credentials";
        own_organization: "자기 기관은 멈출 수 없습니다.", "You cannot stop your own organization.";
    }
}

texts! {
    /// The rules of an app.
    RulesTexts {
        title: "앱 규칙", "Rules of the app";
        lead: "바꾼 규칙은 1초 안에 적용되고 원장에 남습니다.", "A changed rule is effective within one second and stands in the ledger.";
        networks: "허용 네트워크", "Networks it may come from";
        networks_hint: "한 줄에 하나씩, 32개까지. 예: 203.0.113.0/24. 비워 두면 어디서든 쓸 수 있습니다.", "One on each line, up to 32, for instance 203.0.113.0/24. Leave it empty to come from anywhere.";
        your_address: "지금 접속한 주소:", "You are coming from:";
        dpop_bound: "토큰을 키에 묶기 (DPoP)", "Bind tokens to a key (DPoP)";
        dpop_bound_hint: "켜면 DPoP 증명 없이는 토큰을 받을 수 없습니다. 토큰이 새어 나가도 다른 곳에서 쓸 수 없습니다.", "When set, there are no tokens without a DPoP proof, and a leaked token is of no use elsewhere.";
        token_endpoint_audience: "토큰 주소를 aud로 쓰는 옛 클라이언트 허용", "Accept the token endpoint as audience of assertions";
        token_endpoint_audience_hint: "서명된 어서션의 aud에 발급자 대신 토큰 주소를 넣는 라이브러리를 쓸 때만 켜세요.", "For libraries that put the token endpoint instead of the issuer into `aud`. Leave it off otherwise.";
        save: "규칙 저장", "Save the rules";
        unreadable: "주소나 네트워크가 아닙니다. 203.0.113.7 또는 203.0.113.0/24처럼 적어 주세요.", "not an address or a network. Write it like 203.0.113.7 or 203.0.113.0/24.";
        beyond_prefix: "네트워크 밖의 비트가 있습니다. 다음을 뜻하셨나요?", "it has bits beyond its prefix. Did you mean";
        everywhere: "모든 주소를 뜻합니다. 어디서든 쓰려면 목록을 비워 두세요.", "that is every address. Leave the list empty to come from anywhere.";
        too_many: "네트워크는 32개까지 적을 수 있습니다.", "An app is bound to at most 32 networks.";
        link: "규칙: 허용 네트워크, DPoP", "Rules: networks, DPoP";
    }
}

texts! {
    /// The second factor, and proving again who one is.
    SecurityTexts {
        title: "계정 보안", "Account security";
        lead: "승인, 정지, 비밀값 보기 같은 중요한 작업 앞에서는 본인임을 다시 확인합니다.", "Before approving, stopping or seeing a secret you prove again who you are.";
        not_enrolled: "2단계 인증이 없습니다", "You have no second factor";
        no_app: "인증 앱이 없습니다", "You have no authenticator app";
        start_note: "인증 앱(TOTP)을 등록하면 비밀번호가 새어 나가도 중요한 작업을 할 수 없습니다.", "With an authenticator app (TOTP), a leaked password alone cannot do anything grave.";
        start: "2단계 인증 설정", "Set up a second factor";
        pending: "인증 앱에 등록하세요", "Add it to your authenticator";
        pending_note: "이 비밀값은 지금만 보입니다. 인증 앱에 넣고, 앱에 나온 여섯 자리를 적어 주세요.", "The secret is shown only now. Enter it in your authenticator, then type the six digits it shows.";
        secret: "비밀값 (base32)", "Secret (base32)";
        address: "인증 앱 주소", "Address for authenticators";
        code: "여섯 자리 코드", "Six-digit code";
        code_hint: "인증 앱의 코드 또는 복구 코드", "From your authenticator, or a recovery code";
        confirm: "확인하고 켜기", "Confirm and switch on";
        bad_code: "코드가 맞지 않습니다. 기기의 시각을 확인하고 새 코드를 적어 주세요.", "The code is not right. Check your device's clock and type a new one.";
        recovery_codes: "복구 코드", "Recovery codes";
        recovery_note: "기기를 잃어버렸을 때 한 번씩 쓸 수 있습니다. 지금만 보이니 안전한 곳에 옮겨 두세요.", "Each works once if you lose your device. They are shown only now: keep them safe.";
        kept: "옮겨 두었습니다", "I have kept them";
        enrolled: "2단계 인증이 켜져 있습니다", "Your second factor is on";
        codes_left: "남은 복구 코드", "Recovery codes left";
        remove: "2단계 인증 해제", "Remove the second factor";
        password_title: "비밀번호 바꾸기", "Change your password";
        password_new: "새 비밀번호", "New password";
        password_hint: "12자 이상. 바꾸면 다른 기기의 로그인이 모두 끝나고 메일로 알립니다.", "Twelve characters or more. All your other sign-ins end, and a mail tells you.";
        password_set: "비밀번호 바꾸기", "Change it";
        bad_password: "비밀번호는 12자 이상이어야 합니다.", "A password has twelve characters or more.";
        sessions: "로그인한 기기", "Where you are signed in";
        sessions_began: "로그인", "Signed in";
        sessions_seen: "마지막 이용", "Last seen";
        sessions_this: "지금 이 기기", "This one";
        sessions_other: "다른 기기", "Another";
        sessions_which: "기기", "Which";
        sessions_end: "다른 기기 모두 로그아웃", "End all others";
        attempts: "최근 로그인 기록", "Your latest sign-ins";
        attempts_lead: "모르는 기록이 있으면 비밀번호를 바꾸고 운영자에게 알리세요.", "If one is not yours, change your password and tell the operator.";
        attempts_outcome: "결과", "Outcome";
        step_up: "본인 확인", "Prove that it is you";
        step_up_note: "중요한 작업이라 다시 확인합니다. 확인은 5분 동안 유효합니다.", "This is a grave action, so we ask again. It holds for five minutes.";
        password: "비밀번호", "Password";
        go_on: "계속", "Go on";
        refused: "맞지 않습니다. 다시 적어 주세요.", "That is not right. Try again.";
        braked: "실패가 많았습니다. 잠시 후 다시 시도하세요.", "Too many failures. Try again a little later.";
    }
}

texts! {
    /// Access in an emergency.
    BreakGlassTexts {
        title: "긴급 접근", "Break-glass access";
        lead: "심의를 기다릴 수 없는 응급 상황에만 씁니다. 여는 순간 감사자와 운영자, 해당 기업에 알리고, 정해진 시간이 지나면 저절로 닫히며, 다른 사람이 3일 안에 사후 심사를 합니다. 모든 접근은 원장에 남습니다.", "For emergencies that cannot wait for the board. Auditors, operators and the company are told the moment it opens; it closes by itself; somebody else reviews it within three days; every access is in the ledger.";
        empty: "긴급 접근을 연 적이 없습니다.", "Nothing was ever opened in an emergency.";
        opened_by: "연 사람", "Opened by";
        ends: "닫히는 때", "Closes";
        reason: "사유", "Why it cannot wait";
        reason_hint: "20자 이상. 누가, 왜, 무엇이 급한지 적으세요. 원장과 사후 심사에 그대로 남습니다.", "Twenty characters or more: who, why, and what is urgent. It stands in the ledger and before the reviewer.";
        used: "읽은 양", "What was read";
        unknown: "알 수 없음", "Not known";
        review: "사후 심사 기록", "Record the review";
        review_due: "사후 심사 기한", "Review due";
        overdue: "기한 경과", "Overdue";
        verdict: "사후 심사", "Review";
        justified: "정당함", "Justified";
        unjustified: "정당하지 않음", "Not justified";
        finding: "심사 의견", "Finding";
        open: "긴급 접근 열기", "Break the glass";
        open_lead: "비식별 데이터셋 하나를 앱 하나에 모두 엽니다. 시간과 읽는 양에 한도가 있습니다.", "Opens one whole de-identified dataset to one app, within a time and a quota.";
        nothing_to_open: "공개된 비식별 데이터셋이나 사용 중인 앱이 없습니다.", "There is no published de-identified dataset, or no active app.";
        hours: "시간", "Hours";
        gib: "읽을 수 있는 양 (GiB)", "How much may be read (GiB)";
        confirm: "심의 없이 여는 것이며 사후 심사를 받는다는 것을 압니다.", "I know that no board decided on this, and that it will be reviewed.";
        purpose: "긴급 접근", "Break-glass access";
        bad_reason: "사유를 20자 이상 2,000자 이하로 적어 주세요. 아무것도 열지 않았습니다.", "Give a reason of 20 to 2,000 characters. Nothing was opened.";
        bad_confirm: "확인란에 표시해야 합니다. 아무것도 열지 않았습니다.", "Tick the box to confirm. Nothing was opened.";
        bad_target: "데이터셋과 앱을 목록에서 고르세요. 아무것도 열지 않았습니다.", "Choose a dataset and an app from the lists. Nothing was opened.";
        bad_limits: "시간은 1에서 24, 양은 1에서 100 GiB입니다. 아무것도 열지 않았습니다.", "Hours are 1 to 24, and the quota 1 to 100 GiB. Nothing was opened.";
        no_agreement: "발효된 이용 약정이 없습니다. 아무것도 열지 않았습니다.", "No agreement is in force. Nothing was opened.";
        bad_finding: "심사 결과를 고르고 의견을 2,000자 이하로 적어 주세요.", "Choose a verdict and give a finding in up to 2,000 characters.";
    }
}
