//! What stands in the catalogue.

use super::texts;

texts! {
    /// The catalogue of datasets.
    CatalogueTexts {
        title: "데이터 목록", "Data catalogue";
        lead: "합성 데이터는 바로, 비식별 데이터는 승인 후에 읽을 수 있습니다. 구조와 설명은 모두 공개합니다.", "Synthetic data is open at once, de-identified data after approval. Structure and dictionary are public.";
        empty: "아직 공개된 데이터셋이 없습니다. 데이터 담당자가 버전을 공개하면 여기에 나타납니다.", "No dataset is published yet. It appears here when a data steward publishes a version.";
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
        read_it: "읽는 방법", "How to read it";
        version_hash: "레시피 SHA-256 해시", "Recipe SHA-256";
    }
}
