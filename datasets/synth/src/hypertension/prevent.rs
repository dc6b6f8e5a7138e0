//! The risk of coronary disease, stroke and heart failure by PREVENT: Khan et al., Circulation 2024;149:430,
//! doi 10.1161/CIRCULATIONAHA.123.067626, base model over ten years. Coefficients stand in `generator.toml`.

/// Coefficients of one outcome and sex, in the order of [`terms`].
pub(crate) type Betas = [f64; 23];

/// What the equation asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) age: f64,
    pub(crate) systolic: f64,
    /// In mg/dL, like `hdl`.
    pub(crate) total_cholesterol: f64,
    pub(crate) hdl: f64,
    pub(crate) diabetes: bool,
    pub(crate) smokes: bool,
    pub(crate) bmi: f64,
    pub(crate) egfr: f64,
    pub(crate) treated: bool,
    pub(crate) statin: bool,
}

/// The equation is for these ages; who is outside is taken to be at the limit.
const AGES: (f64, f64) = (30.0, 79.0);
const MMOL_PER_MG: f64 = 0.02586;

/// The probability of the outcome within ten years.
pub(crate) fn risk(betas: &Betas, asked: &Asked) -> f64 {
    let sum: f64 = betas.iter().zip(terms(asked)).map(|(beta, term)| beta * term).sum();
    1.0 / (1.0 + libm::exp(-sum))
}

fn terms(asked: &Asked) -> Betas {
    let flag = |holds: bool| if holds { 1.0 } else { 0.0 };
    let age = (asked.age.clamp(AGES.0, AGES.1) - 55.0) / 10.0;
    let non_hdl = (asked.total_cholesterol - asked.hdl) * MMOL_PER_MG - 3.5;
    let hdl = (asked.hdl * MMOL_PER_MG - 1.3) / 0.3;
    let (low, high) = ((asked.systolic.min(110.0) - 110.0) / 20.0, (asked.systolic.max(110.0) - 130.0) / 20.0);
    let (lean, stout) = ((asked.bmi.min(30.0) - 25.0) / 5.0, (asked.bmi.max(30.0) - 30.0) / 5.0);
    let (poor, good) = ((asked.egfr.min(60.0) - 60.0) / -15.0, (asked.egfr.max(60.0) - 90.0) / -15.0);
    let (diabetes, smokes) = (flag(asked.diabetes), flag(asked.smokes));
    let (treated, statin) = (flag(asked.treated), flag(asked.statin));
    [
        age,
        non_hdl,
        hdl,
        low,
        high,
        diabetes,
        smokes,
        lean,
        stout,
        poor,
        good,
        treated,
        statin,
        treated * high,
        statin * non_hdl,
        age * non_hdl,
        age * hdl,
        age * high,
        age * diabetes,
        age * smokes,
        age * stout,
        age * poor,
        1.0,
    ]
}
