//! What stands on the front page, at the door, and on a company's own pages.

use super::texts;

texts! {
    /// The public front page.
    FrontTexts {
        title: "개방형 보건의료 데이터 샌드박스", "Open healthcare data sandbox";
        lead: "병원이 운영하고, 기업이 API로 읽습니다.", "A hospital runs it; companies read it through an API.";
        line_1: "비식별 처리한 진료 데이터와 합성 데이터를 Parquet, Arrow, CSV, JSON으로 제공합니다.", "De-identified clinical data and synthetic data, as Parquet, Arrow, CSV and JSON.";
        line_2: "합성 데이터는 가입 없이 바로 씁니다. 아래의 공개 자격증명이면 충분합니다.", "Synthetic data needs no sign-up: the published credential below is enough.";
        line_3: "비식별 데이터는 이용 신청과 심의를 거칩니다. 승인 후에는 코드에서 한 단어만 바꾸면 됩니다.", "De-identified data goes through an access request and review; afterwards one word of your code changes.";
        line_4: "승인은 열, 행, 할당량, 기간으로 정해지며 모든 형식에 똑같이 적용됩니다.", "A grant names columns, rows, a quota and an end date, and holds in every format.";
        line_5: "모든 접근은 위·변조를 확인할 수 있는 원장에 남고, 그 기록이 곧 이용량입니다.", "Every access stands in a tamper-evident ledger, and usage is its sum.";
        browse: "데이터 둘러보기", "Browse the data";
        reference: "API 문서 열기", "Open the API reference";
        guide: "사용 안내 읽기", "Read the guide";
        sandbox: "공개 샌드박스 자격증명", "The published sandbox credential";
        sandbox_note: "합성 데이터만 열립니다. 일부러 공개한 값이므로 그대로 쓰면 됩니다.", "It opens synthetic data alone and is published on purpose: use it as it is.";
        no_sandbox: "이 서버에는 공개 자격증명이 없습니다. 로그인해 앱을 등록하고 자격증명을 만드세요.", "This server publishes no credential. Sign in, register an app and create one.";
        first_rows: "2분 만에 첫 데이터 보기", "First rows in two minutes";
        python: "Python 예제", "Python";
        curl: "curl 예제", "curl";
        cli: "명령줄 도구", "Command line";
        figures: "지금 제공 중", "Served now";
        datasets: "데이터셋", "datasets";
        tables: "테이블", "tables";
        rows: "행", "rows";
        entries: "원장 기록", "ledger entries";
    }
}

texts! {
    /// Sign-in.
    SignInTexts {
        title: "로그인", "Sign in";
        email: "이메일", "E-mail";
        password: "비밀번호", "Password";
        submit: "로그인", "Sign in";
        refused: "이메일 또는 비밀번호가 맞지 않습니다.", "E-mail or password is not right.";
        braked: "실패한 시도가 많습니다. 잠시 후 다시 시도하세요.", "Too many failed attempts. Try again a little later.";
        stale: "화면이 오래되었습니다. 다시 입력해 주세요.", "The page was too old. Please enter it again.";
        forgotten: "비밀번호를 잊었습니다", "I have forgotten my password";
        sign_up: "기업 가입하기", "Sign your company up";
        accounts: "계정은 병원 운영자가 발급합니다. 합성 데이터는 로그인 없이 쓸 수 있습니다.", "The hospital's operator issues accounts. Synthetic data needs none.";
    }
}

texts! {
    /// Single sign-on.
    SsoTexts {
        title: "병원 직원", "The hospital's people";
        default_name: "병원 계정으로 로그인", "Sign in with the hospital's account";
        unreachable: "병원 인증 서버가 응답하지 않습니다. 잠시 후 다시 시도하고, 계속되면 운영자에게 알리세요.", "The hospital's identity provider does not answer. Try again a little later, and tell the operator if it lasts.";
        stale: "로그인을 시작한 브라우저가 아니거나 10분이 지났습니다. 다시 로그인해 주세요.", "This sign-in was begun elsewhere, or more than ten minutes ago. Please sign in again.";
        cancelled: "병원 인증 서버에서 로그인을 취소했습니다.", "The sign-in was cancelled at the hospital's identity provider.";
        refused: "병원 인증 서버의 응답을 확인할 수 없어 로그인하지 않았습니다. 다시 시도하고, 계속되면 운영자에게 알리세요.", "The answer of the hospital's identity provider could not be verified, so nobody was signed in. Try again, and tell the operator if it lasts.";
        unknown: "병원 계정은 확인되었지만 이 샌드박스에 등록된 병원 구성원이 아닙니다. 운영자에게 등록을 요청하세요.", "Your hospital account is right, but it is of no hospital member of this sandbox. Ask the operator to register you.";
        taken: "이 이메일의 구성원은 이미 다른 병원 계정과 연결되어 있습니다. 운영자에게 문의하세요.", "The member with this e-mail is linked to another hospital account already. Ask the operator.";
        somebody_else: "로그인한 구성원이 아닌 다른 사람의 병원 계정입니다. 본인 계정으로 다시 확인하세요.", "That is the hospital account of somebody else. Prove it again with your own.";
        linked: "연결된 병원 계정", "Linked hospital account";
        linked_since: "연결한 때", "Linked";
        unlink: "연결 끊기", "Unlink it";
        unlink_note: "연결을 끊으면 다음에 병원 계정으로 로그인할 때 이메일로 다시 연결합니다.", "The next sign-in with the hospital's account links it again, by the e-mail address.";
    }
}

texts! {
    /// Apps and credentials.
    AppsTexts {
        title: "앱과 자격증명", "Apps and credentials";
        lead: "앱은 API를 호출하는 프로그램 하나입니다. 앱마다 자격증명을 따로 만들어 교체하고 폐기합니다.", "An app is one program that calls the API. Each has its own credentials, to rotate and revoke.";
        empty: "아직 앱이 없습니다. 아래에서 첫 앱을 등록하세요.", "No apps yet. Register the first one below.";
        empty_all: "등록된 앱이 없습니다. 기업의 개발자가 등록하면 여기에 나타납니다.", "No apps are registered. They appear here when a company's developer registers one.";
        create: "앱 등록", "Register an app";
        create_name: "앱 이름", "Name of the app";
        create_hint: "예: 위험도 예측 서비스 (60자까지)", "For instance: risk model, production (up to 60 characters)";
        by_programs: "프로그램으로 앱 등록하기 (등록 토큰)", "Let programs register apps (registration tokens)";
        client_id: "client_id (앱 식별자)", "client_id";
        scopes: "권한 범위", "Scopes";
        credentials: "자격증명", "Credentials";
        credentials_empty: "자격증명이 없습니다. 만들어야 토큰을 받을 수 있습니다.", "No credentials. Create one to fetch tokens.";
        label: "용도", "Label";
        label_hint: "예: 운영 서버, CI (40자까지)", "For instance: production, CI (up to 40 characters)";
        ends_with: "끝 네 글자", "Ends with";
        last_used: "최근 사용", "Last used";
        expires: "만료", "Expires";
        lifetime: "유효 기간", "Lifetime";
        days_30: "30일", "30 days";
        days_90: "90일", "90 days";
        days_365: "1년", "1 year";
        create_credential: "자격증명 만들기", "Create a credential";
        revoke: "폐기", "Revoke";
        revoke_credential: "자격증명 폐기", "Revoke the credential";
        revoke_app: "앱 폐기", "Revoke the app";
        revoke_app_note: "되돌릴 수 없습니다. 이 앱의 모든 토큰이 1초 안에 효력을 잃습니다.", "This cannot be undone. All tokens of the app stop working within one second.";
        confirm_app: "앱 이름을 그대로 입력하세요", "Type the app's name to confirm";
        secret_title: "새 client_secret", "The new client_secret";
        secret_once: "이 값은 지금 한 번만 보입니다. 안전한 곳에 옮겨 두세요. 잃어버리면 새로 만들고 이것은 폐기하세요.", "It is shown once, now. Store it safely. If it is lost, create a new one and revoke this one.";
        secret_value: "client_secret (비밀값)", "client_secret";
        back_to_app: "앱으로 돌아가기", "Back to the app";
        try_it: "토큰 받기", "Fetch a token";
        too_many: "한 앱에서 동시에 쓸 수 있는 자격증명은 다섯 개입니다. 먼저 하나를 폐기하세요.", "An app may have five live credentials. Revoke one first.";
        bad_name: "이름은 1자 이상 60자 이하로, 보이는 글자만 쓸 수 있습니다.", "A name has 1 to 60 characters, all of them visible.";
        bad_label: "용도는 1자 이상 40자 이하로, 보이는 글자만 쓸 수 있습니다.", "A label has 1 to 40 characters, all of them visible.";
        bad_confirm: "입력한 이름이 앱 이름과 다릅니다. 폐기하지 않았습니다.", "The name typed is not the app's name. Nothing was revoked.";
        grants: "이 앱의 이용 승인", "Grants of this app";
    }
}

texts! {
    /// Usage.
    UsageTexts {
        take_along: "내려받기:", "Download:";
        title: "이용량", "Usage";
        lead: "이용량은 원장 기록의 합계입니다. 청구, 화면, 감사의 숫자가 다를 수 없습니다.", "Usage is the sum of the ledger, so bill, screen and audit cannot disagree.";
        empty: "최근 30일 동안 이용 기록이 없습니다. 첫 화면의 예제를 실행해 보세요.", "Nothing was used in the last 30 days. Try an example from the front page.";
        chart: "최근 30일 하루 이용량(바이트)", "Bytes a day, last 30 days";
        chart_hours: "최근 48시간 시간당 이용량(바이트)", "Bytes an hour, last 48 hours";
        day: "날짜(UTC)", "Day (UTC)";
        hour: "시각(UTC)", "Hour (UTC)";
        by_day: "일별, 최근 30일", "By day, last 30 days";
        by_hour: "시간별, 최근 48시간", "By hour, last 48 hours";
        period: "기간", "Period";
        group_by: "구분 항목", "Tell apart by";
        apply: "다시 보기", "Show";
        grant: "이용 승인", "Grant";
        operation: "작업", "Operation";
        requests: "요청", "Requests";
        total: "합계", "Total";
        chart_table: "같은 숫자가 아래 표에 있습니다.", "The table below has the same figures.";
        measure: "보일 양", "Show";
        as_table: "표로 보기", "As a table";
        utc_period: "기간(UTC)", "Period (UTC)";
    }
}
