//! What stands on the page of components.

use super::texts;

texts! {
    /// The page of components.
    ComponentsTexts {
        title: "화면 구성 요소", "Components";
        lead: "포털의 모든 화면을 이루는 요소입니다. 화면과 같은 매크로와 스타일시트로 그립니다.", "What every page of the portal is made of, drawn by the same macros and the same style sheet.";
        states: "상태", "States";
        tags: "구분", "Tags";
        messages: "알림", "Messages";
        done: "저장했습니다.", "It is saved.";
        wrong: "사유를 적어 주세요. 아무것도 바뀌지 않았습니다.", "Give a reason. Nothing was changed.";
        note: "이 값은 지금 한 번만 보입니다.", "It is shown once, now.";
        nothing: "아직 아무것도 없습니다.", "There is nothing yet.";
        live: "바뀌는 화면", "Parts that change";
        live_lead: "자바스크립트가 있으면 아래의 목록만 바뀌고, 없으면 새 화면이 열립니다.", "With JavaScript the list alone changes; without, a page opens.";
        buttons: "버튼", "Buttons";
        go_on: "계속", "Go on";
        link: "다른 화면으로", "To another page";
        stop: "멈춤", "Stop";
        quiet: "조용한 버튼", "A quiet one";
        steps: "확인 단계", "What was checked";
        step: "기록이 서명된 나무 안에 있습니다.", "The entry is in the tree that was signed.";
        good: "맞음", "Holds";
        bad: "맞지 않음", "Does not hold";
        open: "확인 못 함", "Not checked";
        operations: "API 작업", "Operations of the interface";
        figures: "숫자와 양", "Figures and amounts";
        requests: "요청", "Requests";
        rows: "행 수", "Rows";
        used: "사용한 행", "Rows used";
        chart: "하루에 읽은 행", "Rows read each day";
        plot: "자바스크립트가 있으면 그림이 이 자리에 그려집니다.", "With JavaScript a chart is drawn in such a frame.";
        once: "한 번만 보이는 값", "Shown once";
        secret: "비밀값", "The secret";
        pairs: "이름과 값", "Names and values";
        identifier: "식별자", "Identifier";
        purpose: "이용 목적", "Purpose";
        purpose_text: "생존 예측 모형의 검증.\n외부에 제공하지 않습니다.", "Validation of a model of survival.\nNothing is passed on.";
        cards: "카드", "Cards";
        card: "보통 카드", "A card";
        grave: "되돌릴 수 없는 것", "What cannot be undone";
        table: "표", "A table";
        column: "열 이름", "Column";
        amount: "값의 수", "Values";
        total: "합계", "Total";
        form: "입력", "A form";
        name: "이름", "Name";
        name_hint: "60자까지 적을 수 있습니다.", "Up to 60 characters.";
        choice: "기간", "Period";
        choice_day: "하루", "A day";
        choice_month: "한 달", "A month";
        text: "사유", "Reason";
        agree: "약정을 읽었고 동의합니다.", "I have read the agreement and accept it.";
        columns: "열어 줄 열", "Columns to open";
        more: "더 보기", "More";
        code: "코드와 글", "Code and text";
        agreement: "약정 본문은 이렇게 나옵니다.", "The text of an agreement looks like this.";
        tasks: "할 일", "Tasks";
        task: "검토를 기다리는 이용 신청", "Access requests to review";
    }
}
