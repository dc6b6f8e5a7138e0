use super::*;
use crate::twin::TwinError;

#[test]
fn the_budget_of_epsilon_and_delta_is_that_of_the_reference() {
    // The value of the reference implementation of Private-PGM, `cdp2adp.py`, to nine digits.
    assert!((cdp_rho(1.0, 1e-9) - 0.014_973_058).abs() < 5e-10, "{}", cdp_rho(1.0, 1e-9));
    for (epsilon, delta) in [(0.1, 1e-6), (1.0, 1e-9), (3.0, 1e-12), (10.0, 1e-5)] {
        let rho = cdp_rho(epsilon, delta);
        assert!(cdp_delta(rho, epsilon) <= delta && cdp_delta(rho * 1.000_001, epsilon) > delta);
        // The bound by Markov of Bun and Steinke is weaker: it allows less.
        assert!(libm::exp(-(epsilon - rho).powi(2) / (4.0 * rho)) > delta);
    }
    assert!(cdp_delta(0.0, 1.0) <= 0.0);
}

#[test]
fn costs_are_those_of_the_formulas_and_never_below() {
    for value in [0.5, 1.0, 37.7, 1_402.3, 1e9] {
        let variance = Variance::at_least(value);
        assert!(variance.as_f64() >= value);
        let (cost, exact) = (Rho::of_gaussian(variance).as_f64(), 0.5 / variance.as_f64());
        assert!(cost >= exact && cost < exact + 2e-15, "{value}");
    }
    for value in [0.001, 0.073, 1.0, 4.0] {
        let rate = Rate::at_most(value);
        let epsilon = real(rate.units()) / 8_388_608.0;
        assert!(epsilon <= value && epsilon > value - 2e-7);
        assert!((Rho::of_exponential(rate).as_f64() - epsilon * epsilon / 8.0).abs() < 1e-15);
    }
}

#[test]
fn a_share_buys_as_much_as_it_can_and_never_more() {
    for units in [512_u64, 999, 1 << 20, 16_858_000_000_000, (1 << 50) + 7] {
        let share = Rho(units);
        let variance = Variance::costing(share);
        assert!(Rho::of_gaussian(variance) <= share, "{units}");
        let sharper = Variance::from_units(variance.units() - 1).unwrap();
        assert!(Rho::of_gaussian(sharper) > share, "{units}");
        let rate = Rate::costing(share);
        assert!(Rho::of_exponential(rate) <= share && rate.units().pow(2) * 2 <= units);
        assert!((rate.units() + 1).pow(2) * 2 > units);
    }
    // Less than the widest noise costs buys nothing, and cannot be spent by mistake.
    assert!(Rho::of_gaussian(Variance::costing(Rho(511))) > Rho(511));
}

#[test]
fn a_budget_can_be_spent_and_not_overspent() {
    let mut budget = Budget::new(Rho::at_most(0.3));
    let third = budget.total().share(1, 3);
    for _ in 0..3 {
        budget.spend(third).unwrap();
    }
    let left = budget.left();
    assert!(left.as_f64() < 1e-14);
    assert_eq!(budget.spend(third), Err(TwinError::Overspent { asked: third, left }));
    assert_eq!(budget.left(), left);
    assert_eq!(budget.spent(), third.times(3));
}

#[test]
fn what_protects_nobody_is_refused() {
    for (epsilon, delta, name) in [(0.0, 1e-9, "epsilon"), (f64::NAN, 1e-9, "epsilon"), (1.0, 0.1, "delta")] {
        match Budget::of(epsilon, delta) {
            Err(TwinError::Parameter { name: found, .. }) => assert_eq!(found, name),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(Budget::of(1.0, 1e-9).unwrap().total().to_string(), "0.014973058");
}
