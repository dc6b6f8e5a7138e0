//! What stands in the catalogue.

use super::texts;

texts! {
    /// The catalogue of datasets.
    CatalogueTexts {
        title: "데이터 목록", "Data catalogue";
        lead: "합성 데이터는 바로, 비식별 데이터는 승인 후에 읽을 수 있습니다. 구조와 설명은 모두 공개합니다.", "Synthetic data is open at once, de-identified data after approval. Structure and dictionary are public.";
        empty: "아직 공개된 데이터셋이 없습니다. 데이터 담당자가 버전을 공개하면 여기에 나타납니다.", "No dataset is published yet. It appears here when a data steward publishes a version.";
        seek_what: "이름, 설명, 테이블, 열", "Name, description, table or column";
        any_tier: "모두", "Any";
        licence: "이용 조건", "Licence";
        source: "출처", "Source";
        published: "공개일", "Published";
        latest: "최신 버전", "Latest version";
        size: "크기", "Size";
        files: "파일", "Files";
        columns: "열", "Columns";
        dictionary: "데이터 사전", "Data dictionary";
        open_now: "지금 바로 이용", "Open now";
        needs_grant: "승인 필요", "Needs a grant";
        request: "이용 신청", "Request access";
        column: "열 이름", "Column";
        kind: "자료형", "Type";
        nullable: "결측 가능", "May be null";
        yes: "예", "Yes";
        no: "아니요", "No";
        unit: "단위", "Unit";
        meaning: "설명", "Meaning";
        deidentification: "비식별 처리", "De-identification";
        as_is: "변경 없음", "Unchanged";
        generated: "생성된 값", "Generated";
        risk: "재식별 위험도", "Re-identification risk";
        risk_note: "공개한 데이터에서 측정한 값입니다. 기준을 넘지 못한 버전은 공개되지 않습니다.", "Measured on what is released. A version that fails its limit is not released.";
        k: "k-익명성 (달성 / 기준)", "k-anonymity (reached / required)";
        persons: "측정 대상자", "Persons measured";
        suppressed: "제외된 대상자", "Persons suppressed";
        unique: "유일한 사람의 비율 (처리 전 → 후)", "Share of unique persons (before → after)";
        prosecutor: "최대 재식별 확률", "Highest probability of re-identification";
        quasi: "준식별자", "Quasi-identifiers";
        simulated_note: "모의 데이터입니다. 실제 환자의 기록이 아니며 임상적 판단에 쓸 수 없습니다.", "Simulated rows. They are no patient's record and support no clinical conclusion.";
        twin: "쌍둥이: 차분 프라이버시로 맞춘 모형", "Twin: a model fitted under differential privacy";
        twin_with: "한 사람의 모든 표를 합친 약속이며 예산은 한 번만 셉니다. 환자 표:", "The promise is for all tables of a person together and counts once. Table of persons:";
        twin_note: "실제 행의 잡음 섞인 집계에 맞춘 모형에서 뽑은 행입니다. ε은 한 사람의 유무가 모형에 남길 수 있는 흔적의 상한이고, δ는 그것이 어긋날 수 있는 확률입니다. 열 사이의 가장 강한 관계는 남지만 약한 관계와 드문 조합은 흐려집니다.", "Its rows are drawn from a model of noisy counts of the real ones. ε bounds what the model can tell of whether any one person was there, and δ is the probability with which that may fail. The strongest relations between columns stay; weaker ones and rare combinations are blurred.";
        try_it: "지금 불러 보기", "Try it now";
        choose_columns: "열 고르기", "Choose columns";
        show_code: "코드 보기", "Show the code";
        read_it: "읽는 방법", "How to read it";
        make_more: "원하는 만큼 더 만들기", "Make as much more as you like";
        make_more_note: "이 버전은 생성기와 함께 게시되었습니다. 만든 행은 모의 자료이며 실제 사람과 관계가 없습니다. seed가 같으면 같은 행이, 데이터셋의 모든 테이블에서 같은 사람으로 만들어집니다.", "This version was published with its generator. What it makes is simulated and about nobody. The same seed makes the same rows, of the same persons in all tables of the dataset.";
        version_hash: "레시피 SHA-256 해시", "Recipe SHA-256";
    }
}

texts! {
    /// Budgets.
    BudgetsTexts {
        title: "할당량", "Budgets";
        lead: "기관, 앱, 데이터셋마다 기간별로 읽을 수 있는 양을 정합니다. 이용 승인의 할당량과 함께 적용되며, 넘으면 그 자리에서 멈춥니다.", "How much an organization, an app or all readers of a dataset may read in a period. They hold beside the quotas of grants, and reading stops where they end.";
        empty: "정한 할당량이 없습니다. 아래에서 정하세요.", "No budgets yet. Set one below.";
        subject: "대상", "Subject";
        organization: "기관", "Organization";
        app: "앱", "App";
        dataset: "데이터셋", "Dataset";
        period: "기간", "Period";
        day: "하루 (UTC)", "Day (UTC)";
        month: "한 달 (UTC)", "Month (UTC)";
        total: "전체", "For ever";
        gib: "바이트 (GiB)", "Bytes (GiB)";
        used: "사용", "Used";
        alerted: "80% 초과", "Over 80 %";
        set: "할당량 정하기", "Set a budget";
        remove: "없애기", "Remove";
        bad_subject: "대상을 목록에서 골라 주세요.", "Choose a subject from the list.";
        bad_limit: "기간을 고르고, 바이트는 1~1,000,000 GiB, 행은 1 이상의 정수로 적어 주세요.", "Choose a period; bytes are from 1 to 1,000,000 GiB, rows a whole number from 1.";
    }
}
