//! What stands where a company says how it will use data, and where that is held against the terms of a dataset.

use super::texts;

texts! {
    /// Terms of data use, the proposed use, the match of both, and the columns asked for.
    UseTexts {
        terms: "데이터 이용 조건(DUO)", "Terms of data use (DUO)";
        terms_lead: "이 조건 안에서만 이용할 수 있습니다. 이용 신청을 쓸 때 바로 맞추어 볼 수 있습니다.", "Uses must keep to these terms. The request form holds your plan against them as you write it.";
        terms_source: "용어와 식별자: Data Use Ontology(EBISPOT/DUO), CC BY 4.0. 한국어 이름과 설명은 이 샌드박스가 붙인 것입니다.", "Terms and identifiers: Data Use Ontology (EBISPOT/DUO), CC BY 4.0. The explanations are this sandbox's own.";
        only: "대상", "Namely";
        plan: "이용 계획", "How you will use it";
        plan_lead: "답한 내용을 데이터셋의 이용 조건과 맞추어 봅니다. 결과와 이유는 병원도 똑같이 봅니다.", "Your answers are held against the terms of the dataset. The hospital sees the same outcome with the same reasons.";
        choose: "고르세요", "Choose";
        study: "연구의 종류", "Kind of research";
        diseases: "질환 (KCD 또는 ICD-10 코드)", "Diseases (codes of KCD or ICD-10)";
        diseases_hint: "특정 질환 연구일 때만 적습니다. 여럿이면 쉼표로 나눕니다. 예: C50, I10", "For research on a disease alone. Separate several by commas, for instance C50, I10.";
        for_profit: "신청 기관", "Your organization";
        for_profit_yes: "영리기관", "For profit";
        for_profit_no: "비영리기관", "Not for profit";
        commercial: "이용의 성격", "Aim of the use";
        commercial_yes: "상업적 이용 (제품이나 서비스로 이어짐)", "Commercial: it leads to a product or service";
        commercial_no: "비상업적 이용", "Not commercial";
        legal: "가명정보 처리 목적 (개인정보 보호법 제28조의2)", "Purpose in law (Personal Information Protection Act, Article 28-2)";
        publishes: "결과 공개", "Publication of results";
        publishes_yes: "결과를 공개합니다", "Results are published";
        publishes_no: "공개하지 않습니다", "They are not";
        collaborates: "병원 연구자와의 공동연구", "Work together with the hospital's investigators";
        collaborates_yes: "공동연구를 합니다", "Yes, together";
        collaborates_no: "하지 않습니다", "No, alone";
        returns: "파생 자료의 반환", "Derived data";
        returns_yes: "병원에 돌려줍니다", "It is returned to the hospital";
        returns_no: "돌려주지 않습니다", "It is not returned";
        genetic: "유전형", "Genotypes";
        genetic_yes: "유전형을 다룹니다", "Genotypes are studied";
        genetic_no: "다루지 않습니다", "They are not";
        place: "이용 장소", "Where it is used";
        check: "열 목록과 이용 조건 확인", "Show columns and check the use";
        check_note: "제출하지 않고, 쓴 내용을 그대로 둔 채 결과만 다시 보여 줍니다.", "This files nothing and keeps what you wrote.";
        matched: "이용 조건과 맞추어 본 결과", "The use, held against the terms";
        matched_lead: "기계가 표대로 맞추어 본 것이며 결정은 아닙니다. 어떤 신청도 이 결과만으로 승인되거나 반려되지 않고, 데이터심의위원회가 결정합니다.", "A machine held the one against the other by a table. It decides nothing: no request is approved or rejected by this alone, the data review board decides.";
        overall: "종합", "Overall";
        allowed: "조건에 맞음", "Within the terms";
        person: "사람의 판단 필요", "A person must decide";
        denied: "조건에 맞지 않음", "Against the terms";
        rule: "규칙", "Rule";
        looked: "신청 내용", "What the request says";
        concluded: "결론", "Conclusion";
        why: "이유", "Why";
        bad_disease: "질환 코드를 읽을 수 없습니다. C50이나 I10.9처럼 적고, 열 개까지 쉼표로 나누세요.", "A code of a disease cannot be read. Write C50 or I10.9, up to ten with commas between them.";
        bad_use: "이용 계획의 모든 항목에 답해 주세요.", "Answer everything about how you will use the data.";
        columns: "신청하는 열", "Columns you ask for";
        columns_lead: "필요한 열만 신청하면 심의가 빨라집니다. 병원은 신청한 열 안에서만 승인할 수 있습니다.", "Ask for what you need and the review is quicker. The hospital can open no more than what you ask for.";
        scope: "범위", "Scope";
        scope_all: "모든 열", "All columns";
        scope_chosen: "아래에서 고른 열만", "Those chosen below";
        of_all: "전체", "of all";
        bad_columns: "열을 하나 이상 고르세요.", "Choose at least one column.";
        bad_columns_of: "열 목록이 다른 데이터셋의 것이었습니다. 지금 고른 데이터셋의 열로 바꾸었습니다. 확인하고 다시 제출하세요.", "The list of columns was that of another dataset. It is now that of the one you chose: look it over and file again.";
        asked: "신청한 열", "Columns asked for";
        gone: "지금 공개된 버전에는 없는 열", "Columns that the published version no longer has";
        changes: "지난 제출과 달라진 점", "What changed since it was last filed";
        changed_purpose: "이용 목적을 고쳤습니다.", "The purpose was rewritten.";
        changed_ethics: "IRB에 관한 내용을 고쳤습니다.", "What it says of the ethics committee was changed.";
        changed_uses: "이용 계획을 고쳤습니다.", "The proposed use was changed.";
        changed_agreement: "새 이용 약정에 서명했습니다.", "A newer agreement was signed.";
        changed_reach: "데이터를 가져갈지(반출) 기관 안에서만 볼지를 바꿨습니다.", "Whether the data is to leave or to be looked at inside was changed.";
        reach: "제공과 반출", "Provision and export";
        reach_lead: "기관 안에서만 분석하면 쿼리는 바로 실행되고, 결과는 반출 심의를 거쳐 받습니다. 심의 부담이 작습니다. 행을 직접 받아야 하면 반출까지 신청하세요.", "For analysis inside, queries run at once and each result leaves after a decision of its own; this is easier to approve. Ask for export when you need the rows themselves.";
        reach_inside: "기관 안 분석(제공): 쿼리만, 결과마다 반출 심의", "Analysis inside (provision): queries alone, each result is decided on";
        reach_export: "제공과 반출: 파일과 행을 직접 받음", "Provision and export: files and rows leave with every read";
        reach_decide: "반출 결정", "The decision on export";
        reach_decide_lead: "제공 결정과 따로 적힙니다. 신청한 범위보다 넓힐 수 없습니다.", "It stands in the minutes beside the decision on provision. It cannot go beyond what was asked for.";
        bad_reach: "기관 안 분석인지 반출까지인지 골라 주세요.", "Choose analysis inside, or export.";
        farther: "신청은 기관 안 분석입니다. 반출까지 승인할 수 없습니다.", "The request is for analysis inside: it cannot be approved for export.";
        changed_nothing: "달라진 점이 없습니다.", "Nothing.";
        added: "더 신청한 열", "Columns added";
        removed: "뺀 열", "Columns left out";
        wider: "신청하지 않은 열은 열 수 없습니다. 더 필요하면 보완을 요청하세요.", "Columns that were not asked for cannot be opened. If more are needed, send the request back.";
        too_long: "데이터셋의 이용 기간 제한보다 깁니다.", "That is longer than the dataset may be used.";
    }
}
