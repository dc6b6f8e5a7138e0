//! What stands on the pages about people: members, invitations, forgotten passwords, notifications.

use super::texts;

texts! {
    /// Members of an organization.
    MembersTexts {
        title: "구성원", "Members";
        lead: "누가 이 기관을 대신해 무엇을 할 수 있는지 정합니다. 모든 변경은 원장에 남습니다.", "Who acts for this organization, and what each may do. Every change stands in the ledger.";
        you: "(나)", "(you)";
        email: "이메일", "E-mail";
        joined: "가입", "Joined";
        roles: "역할", "Roles";
        save_roles: "역할 저장", "Save the roles";
        disable: "이용 중지", "Shut out";
        enable: "다시 허용", "Let in again";
        waiting: "수락을 기다리는 초대", "Invitations that wait";
        invited_at: "초대", "Invited";
        expires: "링크 만료", "Link ends";
        resend: "다시 보내기", "Send again";
        revoke: "초대 취소", "Take back";
        invite: "구성원 초대", "Invite a member";
        invite_by_mail: "초대 링크를 메일로 보냅니다. 링크는 7일 동안 한 번 쓸 수 있고, 받은 사람이 비밀번호를 정합니다.", "A link goes out by mail. It works once within seven days, and whoever gets it chooses a password.";
        invite_by_hand: "이 서버에는 메일 설정이 없습니다. 초대하면 링크가 이 화면에 한 번 나옵니다. 받을 사람에게 직접 전해 주세요.", "This server sends no mail. The link is shown here once: hand it to whom it is for.";
        fresh: "이 링크는 지금만 보입니다. 초대받은 사람에게 직접 전해 주세요.", "The link is shown only now. Hand it to whom it is for.";
        link: "초대 링크", "The link";
        bad_email: "이메일 주소를 다시 확인해 주세요.", "That is not an e-mail address.";
        bad_roles: "역할을 하나 이상 고르세요.", "Choose one role at least.";
        known: "이미 구성원인 이메일 주소입니다.", "Somebody is a member under that address already.";
        too_many: "수락을 기다리는 초대가 너무 많습니다. 쓰지 않는 초대를 먼저 취소하세요.", "Too many invitations wait. Take some of them back first.";
        not_active: "이용이 중지된 기관에는 초대할 수 없습니다.", "Nobody can be invited into an organization that is suspended.";
        not_yourself: "자기 자신은 중지할 수 없습니다. 다른 책임자에게 요청하세요.", "You cannot shut yourself out. Ask another who leads.";
        last_leader: "이 기관을 대표하는 마지막 사람입니다. 다른 사람에게 먼저 그 역할을 주세요.", "Nobody else leads this organization. Give somebody else that role first.";
        says_representative: "기업을 대표해 구성원을 초대하고 역할을 정합니다.", "Leads the company: invites members and says what they may do.";
        says_developer: "앱과 자격증명, 이용 신청, 웹훅을 다룹니다.", "Apps and credentials, access requests, webhooks.";
        says_steward: "데이터셋 버전을 공개합니다.", "Releases versions of datasets.";
        says_reviewer: "이용 신청을 검토하고 표결합니다.", "Checks access requests and votes on them.";
        says_external: "외부 위원으로 표결합니다. 다른 것은 볼 수 없습니다.", "Votes from outside the hospital, and sees nothing else.";
        says_auditor: "원장을 읽고 점검합니다.", "Reads and reviews the ledger.";
        says_admin: "샌드박스를 운영합니다.", "Runs the sandbox.";
    }
}

texts! {
    /// Invitations, and companies that sign themselves up.
    JoiningTexts {
        join_title: "초대 수락", "Accept your invitation";
        join_lead: "이름과 비밀번호를 정하면 바로 로그인할 수 있습니다.", "Say your name and choose a password; then you can sign in.";
        until: "링크 만료", "Link ends";
        your_name: "이름", "Your name";
        email: "업무용 이메일", "E-mail at work";
        password: "비밀번호", "Password";
        password_hint: "12자 이상. 다른 곳에서 쓰지 않는 것으로 정하세요.", "Twelve characters or more, and used nowhere else.";
        join: "수락하고 시작하기", "Accept and begin";
        bad_name: "이름을 80자 이하로 적어 주세요.", "Give your name in up to 80 characters.";
        bad_password: "비밀번호는 12자 이상이어야 합니다.", "A password has twelve characters or more.";
        stale: "화면이 오래되었습니다. 다시 입력해 주세요.", "The page was too old. Please enter it again.";
        taken: "그동안 이 링크가 쓰였거나, 같은 주소나 사업자등록번호로 가입한 곳이 있습니다. 로그인해 보세요.", "The link was used meanwhile, or the address or the registration number is taken. Try to sign in.";
        over: "이 초대는 끝났습니다. 이미 썼거나 기한이 지났거나 취소되었습니다. 초대한 사람에게 다시 요청하세요.", "The invitation is over: it was used, taken back, or its time has run out. Ask whoever invited you for another.";
        title: "기업 가입", "Sign your company up";
        lead: "이메일 주소를 확인하면 가입이 끝나고, 합성 데이터를 바로 쓸 수 있습니다. 비식별 데이터는 가입 후 이용 신청을 거칩니다.", "Prove your e-mail address and you are in: synthetic data is open at once, and you can ask for de-identified data.";
        company: "기업 이름", "Name of the company";
        number: "사업자등록번호", "Business registration number";
        number_hint: "예: 124-81-00998. 마지막 자리로 오타를 확인합니다.", "For instance 124-81-00998. Its last digit tells typing errors.";
        email_hint: "이 주소로 확인 링크를 보냅니다. 이 주소의 주인이 기업의 대표 계정이 됩니다.", "A link goes there. Whoever reads it becomes the company's representative.";
        accept: "이 기업을 대신해 가입할 권한이 있습니다.", "I may sign this company up.";
        submit: "확인 링크 받기", "Send me the link";
        sent: "메일을 보냈습니다.", "A mail is on its way.";
        sent_next: "받은 링크에서 비밀번호를 정하면 가입이 끝납니다. 오지 않으면 스팸함을 보고, 이미 가입했다면 로그인하세요.", "Open its link and choose a password. If none comes, look for it among spam; if you are a member already, sign in.";
        invited_only: "이 샌드박스는 초대받은 기업만 가입할 수 있습니다. 병원 담당자에게 초대를 요청하세요. 합성 데이터는 첫 화면의 공개 자격증명으로 바로 쓸 수 있습니다.", "This sandbox takes companies that the hospital invites. Ask the hospital for an invitation; synthetic data is open with the credential on the front page.";
        bad_company: "기업 이름을 2자 이상 80자 이하로 적어 주세요.", "Give the company's name in 2 to 80 characters.";
        bad_number: "사업자등록번호가 아닙니다. 열 자리 숫자를 다시 확인해 주세요.", "That is not a business registration number. Check its ten digits.";
        bad_email: "이메일 주소를 다시 확인해 주세요.", "That is not an e-mail address.";
        bad_accept: "가입할 권한이 있음을 확인해 주세요.", "Say that you may sign the company up.";
        number_known: "이미 가입한 기업입니다. 그 기업의 대표 계정에 초대를 요청하세요.", "That company is here already. Ask its representative to invite you.";
        braked: "시도가 많습니다. 잠시 후 다시 해 주세요.", "Too many attempts. Try again a little later.";
    }
}

texts! {
    /// Forgotten passwords.
    RecoveryTexts {
        title: "비밀번호 찾기", "Forgotten password";
        lead: "가입한 이메일 주소로 비밀번호를 다시 정하는 링크를 보냅니다.", "A link to set a new one goes to the address you signed up with.";
        email: "이메일", "E-mail";
        submit: "링크 받기", "Send me a link";
        sent: "그 주소의 구성원이 있으면 메일을 보냈습니다.", "If somebody is a member under that address, a mail is on its way.";
        sent_next: "링크는 30분 동안 한 번 쓸 수 있습니다. 오지 않으면 스팸함을 보고, 1분 뒤에 다시 해 보세요.", "The link works once, for 30 minutes. If none comes, look among spam, or try again in a minute.";
        no_mail: "이 서버는 메일을 보내지 않습니다. 운영자에게 mudeung user reset으로 비밀번호를 다시 만들어 달라고 요청하세요.", "This server sends no mail. Ask its operator for a new password (mudeung user reset).";
        bad_email: "이메일 주소를 다시 확인해 주세요.", "That is not an e-mail address.";
        braked: "시도가 많습니다. 잠시 후 다시 해 주세요.", "Too many attempts. Try again a little later.";
        stale: "화면이 오래되었습니다. 다시 입력해 주세요.", "The page was too old. Please enter it again.";
        reset_title: "새 비밀번호", "A new password";
        reset_lead: "새 비밀번호를 정하면 모든 기기의 로그인이 끝납니다. 2단계 인증은 그대로입니다.", "All your sign-ins end with it. A second factor stays as it is.";
        password: "새 비밀번호", "New password";
        password_hint: "12자 이상. 다른 곳에서 쓰지 않는 것으로 정하세요.", "Twelve characters or more, and used nowhere else.";
        set: "비밀번호 정하기", "Set it";
        bad_password: "비밀번호는 12자 이상이어야 합니다.", "A password has twelve characters or more.";
        over: "이 링크는 끝났습니다. 이미 썼거나 30분이 지났습니다. 비밀번호 찾기를 다시 하세요.", "The link is over: it was used, or half an hour has passed. Ask for another.";
    }
}

texts! {
    /// What a member was told.
    NotificationsTexts {
        title: "알림", "Notifications";
        lead: "회원님이 처리하거나 알아야 하는 일입니다. 90일 동안 보관합니다.", "What waits on you or concerns you, kept for ninety days.";
        empty: "아직 알림이 없습니다. 이용 신청이나 승인에 변화가 생기면 여기에 나타납니다.", "Nothing yet. It appears here when something happens to a request, a grant or a dataset of yours.";
        mark_read: "모두 읽음으로 표시", "Mark all as read";
        what: "내용", "What";
        when: "시각", "When";
        fresh: "새 알림", "New";
        preferences: "알림 받는 방법", "How you are told";
        mailing: "메일", "By mail";
        at_once: "일이 있을 때마다 바로", "Each at once";
        daily: "하루에 한 번, 아침 8시에 모아서", "Once a day, at eight in the morning";
        never: "메일로 받지 않음", "Not at all";
        language: "메일의 언어", "Language of mails";
        always: "비밀번호와 초대에 관한 메일은 언제나 바로 보냅니다.", "Mails about passwords and invitations always go out at once.";
        no_mail: "이 서버에는 메일 설정이 없습니다. 알림은 이 화면에만 나타납니다.", "This server sends no mail: what is told stands here alone.";
        save: "저장", "Save";
    }
}

texts! {
    /// Webhooks of a company.
    WebhooksTexts {
        title: "웹훅", "Webhooks";
        one: "웹훅", "Webhook";
        lead: "이용 신청과 승인, 데이터셋에 변화가 생기면 기업의 프로그램에 HTTPS로 알립니다. 환자 데이터는 담지 않습니다.", "Your program is told by HTTPS when something happens to your requests, grants and datasets. No patient data is in it.";
        empty: "아직 웹훅이 없습니다. 아래에서 주소를 등록하세요.", "No webhooks yet. Register an address below.";
        url: "주소", "Address";
        url_hint: "https://로 시작하는 공개 인터넷 주소. 500자까지.", "A public address that begins with https://, up to 500 characters.";
        topics: "알릴 일", "What it is told";
        topics_hint: "하나도 고르지 않으면 모두 알립니다.", "Everything, when none is chosen.";
        all: "모두", "Everything";
        create: "웹훅 등록", "Register a webhook";
        bad_url: "https://로 시작하는 공개 인터넷 주소가 아닙니다.", "That is not a public address that begins with https://.";
        bad_topics: "알 수 없는 항목이 있습니다. 화면을 새로 여세요.", "One of the topics is not known. Open the page anew.";
        too_many: "웹훅은 10개까지 등록할 수 있습니다.", "A company has at most ten webhooks.";
        verify: "서명 확인", "Verify the signature";
        verify_note: "모든 호출에는 Standard Webhooks 방식의 서명이 있습니다. 확인하는 라이브러리가 언어마다 있습니다.", "Each call is signed the way of Standard Webhooks; there is a library for most languages.";
        fresh: "이 서명 비밀값은 지금만 보입니다. 이전 비밀값의 서명도 다음 교체 때까지 함께 보내므로, 중단 없이 바꿀 수 있습니다.", "The signing secret is shown only now. Calls carry the signature of the one before too, until the next change: change over when you like.";
        secret: "서명 비밀값", "Signing secret";
        test: "시험 호출 보내기", "Send a test";
        rotate: "비밀값 교체", "Change the secret";
        disable: "중지", "Stop";
        enable: "다시 시작", "Start again";
        delete: "삭제", "Remove";
        deliveries: "보낸 알림", "What it was told";
        deliveries_note: "2xx가 아닌 응답은 30초부터 12시간까지 간격을 늘리며 3일 동안 다시 보냅니다. 그래도 받지 못하면 웹훅을 중지합니다.", "An answer that is not 2xx is tried again, after 30 seconds at first and 12 hours at last, for three days; then the webhook is stopped.";
        deliveries_empty: "아직 보낸 알림이 없습니다. 시험 호출을 보내 보세요.", "It was told nothing yet. Send a test.";
        topic: "항목", "Topic";
        written: "시각", "Written";
        attempts: "시도", "Attempts";
        next: "다음 시도", "Next attempt";
        problem: "문제", "Problem";
        replay: "다시 보내기", "Send again";
    }
}

texts! {
    /// How the sandbox itself is.
    SystemTexts {
        title: "시스템", "System";
        lead: "샌드박스의 상태와 설정입니다. 설정은 설정 파일에서 바꿉니다.", "How the sandbox is. What is set, is set in the configuration file.";
        entries: "원장 기록", "Entries";
        origin: "체크포인트 이름", "Origin of checkpoints";
        witnesses: "증인", "Witnesses";
        database: "데이터베이스", "Database";
        keys: "키와 로그인", "Keys and sign-in";
        encrypted: "서버 키 암호화", "Keys are encrypted";
        yes: "예", "Yes";
        not_encrypted: "아니요. keys.encryption_key_file을 정하고 mudeung key seal을 실행하세요.", "No. Name keys.encryption_key_file and run mudeung key seal.";
        second_factor: "중요한 작업의 2단계 인증", "Second factor for grave actions";
        required: "필수", "Required";
        optional: "선택", "Optional";
        sso: "병원 통합 로그인 (OIDC)", "Single sign-on (OIDC)";
        sso_alone: "병원 구성원은 비밀번호로 로그인할 수 없습니다.", "The hospital's people cannot sign in with a password.";
        no_sso: "없음. 설정 파일의 [sso]를 채우면 병원 구성원이 병원 계정으로 로그인합니다.", "None. Fill in [sso] of the configuration, and the hospital's people sign in with their hospital accounts.";
        sign_up: "기업 가입", "How companies come in";
        open: "스스로 가입", "They sign themselves up";
        invited: "병원이 초대", "The hospital invites them";
        mail: "메일", "Mail";
        server: "메일 서버", "Server";
        folder: "폴더에 파일로 씀", "Written into a folder";
        waiting: "대기 중", "Waiting";
        given_up: "포기함", "Given up";
        test: "나에게 시험 메일 보내기", "Send me a test";
        no_mail: "메일 설정이 없습니다. 초대 링크는 화면에 나타나고 알림은 포털에만 나타납니다. 설정 파일의 [mail]을 채우세요.", "There is no mail server: links are shown to whoever makes them, and notifications stand in the portal alone. Fill in [mail] of the configuration.";
        outbox: "최근 메일", "Latest mails";
        outbox_note: "메일은 30초부터 간격을 늘리며 3일 동안 다시 보냅니다. 링크와 비밀값은 저장하지 않고 보낼 때 만듭니다.", "A mail is tried for three days, ever more rarely. Links and secrets are made when it is sent, and never kept.";
        outbox_empty: "보낸 메일이 없습니다.", "No mail was sent.";
        topic: "항목", "Topic";
        whom: "받는 사람", "To";
        written: "시각", "Written";
        attempts: "시도", "Attempts";
        problem: "문제", "Problem";
        again: "다시 보내기", "Send again";
    }
}

texts! {
    /// The data use agreement.
    AgreementsTexts {
        title: "데이터 이용 약정", "Data use agreement";
        lead: "비식별 데이터를 이용하는 모든 기업이 서명하는 약정입니다. 한 번 발효된 판은 바뀌지 않으며, 서명과 원장에는 국문 전문의 해시가 남습니다.", "What every company signs that reads de-identified data. A version never changes; signatures and the ledger carry the hash of its Korean text, which is the binding one.";
        empty: "발효된 약정이 없습니다. 약정이 있어야 이용을 신청할 수 있습니다.", "No agreement is in force. Nothing can be asked for before there is one.";
        name: "제목", "Title";
        published: "발효", "In force since";
        sign_by: "기존 이용 기업의 서명 기한", "Companies with older grants sign by";
        in_force: "현행", "In force";
        outstanding: "아직 서명하지 않은 기업", "Who has not signed yet";
        outstanding_empty: "이용 승인이 있는 기업은 모두 서명했습니다.", "Every company with a grant has signed.";
        publish: "새 판 발효", "Put a new version into force";
        publish_lead: "새 신청은 바로 새 판을 따릅니다. 이용 승인이 있는 기업에는 서명 기한을 알리고, 기한까지 서명하지 않으면 토큰 발급을 멈춥니다.", "New requests stand under it at once. Companies with grants are told until when to sign; from then on those who have not get no tokens.";
        title_ko: "국문 제목", "Title in Korean";
        title_en: "영문 제목", "Title in English";
        text_ko: "국문 전문", "Text in Korean";
        text_en: "영문 전문", "Text in English";
        days: "서명 기한(일)", "Days to sign";
        days_hint: "0에서 180까지. 0이면 바로 서명해야 합니다.", "From 0 to 180. With 0 they must sign at once.";
        bad_title: "제목을 두 언어로 120자 이하로 적어 주세요.", "Give the title in both languages, in up to 120 characters.";
        bad_text: "전문을 두 언어로 20,000자 이하로 적어 주세요.", "Give the text in both languages, in up to 20,000 characters.";
        bad_days: "서명 기한은 0에서 180일입니다.", "Days to sign are 0 to 180.";
        same: "전문이 현행 판과 같습니다.", "The text is that of the version in force.";
        stale: "그동안 다른 판이 발효되었습니다. 다시 읽고 고치세요.", "Another version came into force meanwhile. Read it first.";
        signed: "우리 기관의 서명", "Signed by your organization";
        sign: "서명", "Sign";
        accept: "약정 전문을 읽었으며 기업을 대표해 서명합니다.", "I have read the agreement and sign it for the company.";
        bad_accept: "서명하려면 확인란에 표시하세요.", "Tick the box to sign.";
        must_sign: "기한까지 서명하지 않으면 토큰이 발급되지 않습니다. 기한:", "Without a signature there are no tokens from then on:";
        changes: "바뀐 곳: 이전 판", "What changed since";
        came: "추가", "new";
        went: "삭제", "gone";
        other_language: "영문 전문", "The Korean text";
    }
}
