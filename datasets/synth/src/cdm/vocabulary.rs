//! The vocabulary: every concept that the tables name, how concepts hang together, their Korean names, and the codes
//! that they come from. It is closed: whatever a row of it names is a row of it.

use super::model::{Model, wrong};
use crate::SynthError;
use crate::program::adult::Smoking;
use crate::program::concept::{self, Class, Concepts, Known};
use std::collections::{BTreeMap, BTreeSet};

/// The vocabulary of our own concepts, as [`Concepts`] names it.
pub(crate) const OWN: &str = "Mudeung";
/// Nothing is this deep; whatever is has a circle in it.
const DEPTH_MAX: i32 = 16;

pub(crate) const IS_A: &str = "Is a";
pub(crate) const HAS_INGREDIENT: &str = "Has ingredient";
pub(crate) const MAPS_TO: &str = "Maps to";
pub(crate) const HAS_SPECIMEN: &str = "Has specimen";
pub(crate) const SPECIMEN_OF: &str = "Specimen of";

/// A kind of relation: whether it is hierarchical, whether ancestors follow it downwards, and its reverse.
pub(crate) struct Relation {
    pub(crate) id: &'static str,
    pub(crate) hierarchical: bool,
    pub(crate) ancestry: bool,
    pub(crate) reverse: &'static str,
}

const fn relation(id: &'static str, hierarchical: bool, ancestry: bool, reverse: &'static str) -> Relation {
    Relation { id, hierarchical, ancestry, reverse }
}

pub(crate) const RELATIONS: [Relation; 8] = [
    relation(IS_A, true, false, "Subsumes"),
    relation("Subsumes", true, true, IS_A),
    relation(HAS_INGREDIENT, true, false, "Ingredient of"),
    relation("Ingredient of", true, true, HAS_INGREDIENT),
    relation(MAPS_TO, false, false, "Mapped from"),
    relation("Mapped from", false, false, MAPS_TO),
    relation(HAS_SPECIMEN, false, false, SPECIMEN_OF),
    relation(SPECIMEN_OF, false, false, HAS_SPECIMEN),
];

const KNOWN: &[Known] = &[(concept::EMERGENCY, "Emergency Room Visit", "Visit", "Visit", "Visit")];

/// Concepts that describe records: code and name.
pub(crate) const ATTRIBUTES: [(&str, &str); 9] = [
    ("Korean language", "Korean language"),
    ("UTF-8", "UTF-8 encoding"),
    ("clinic note", "Outpatient note"),
    ("hospital note", "Inpatient or emergency note"),
    ("assessment section", "Assessment section of a note"),
    ("KRW", "South Korean won"),
    ("KOR", "Republic of Korea"),
    ("CDM 5.4", "OMOP Common Data Model 5.4"),
    ("person", "Person, the subject of a cohort"),
];

/// The institutions of each province: code, name and Korean name.
pub(crate) const INSTITUTIONS: [(&str, &str, &str); 3] = [
    ("clinic", "Clinic", "모의 의원"),
    ("general hospital", "General hospital", "모의 종합병원"),
    ("tertiary hospital", "Tertiary hospital", "모의 상급종합병원"),
];

/// Parts of a stay in hospital: code and name.
pub(crate) const WARD: &str = "ward";
pub(crate) const INTENSIVE: &str = "intensive care";
pub(crate) const EPISODES: [&str; 2] = ["disease episode", "treatment episode"];
/// The fields that events are named by.
pub(crate) const FIELDS: [&str; 4] = [
    "condition_occurrence.condition_occurrence_id",
    "drug_exposure.drug_exposure_id",
    "procedure_occurrence.procedure_occurrence_id",
    "visit_occurrence.visit_occurrence_id",
];
pub(crate) const FINAL: &str = "final diagnosis";
pub(crate) const MILLIGRAM: &str = "mg";

/// An edge of the hierarchy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edge {
    pub(crate) child: i64,
    pub(crate) parent: i64,
    pub(crate) relation: &'static str,
}

/// A code of the source.
#[derive(Debug)]
pub(crate) struct Mapped {
    pub(crate) code: String,
    pub(crate) description: String,
    pub(crate) vocabulary: &'static str,
    /// Zero where the code has no concept of its own.
    pub(crate) source: i64,
    pub(crate) target: i64,
}

/// Pairs of ancestor and descendant, with the fewest and the most levels between them.
pub(crate) type Ancestors = BTreeMap<(i64, i64), (i32, i32)>;

/// The vocabulary.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    pub(crate) concepts: Concepts,
    pub(crate) edges: Vec<Edge>,
    pub(crate) synonyms: Vec<(i64, String)>,
    pub(crate) mapped: Vec<Mapped>,
    pub(crate) domains: BTreeSet<&'static str>,
    pub(crate) vocabularies: BTreeSet<&'static str>,
    pub(crate) classes: BTreeSet<&'static str>,
    /// Closed; everything is its own.
    pub(crate) ancestors: Ancestors,
}

/// The vocabulary of the figures.
pub(crate) fn bind(model: &Model) -> Result<Vocabulary, SynthError> {
    let mut made = Vocabulary {
        concepts: Concepts::new(super::NAME, KNOWN),
        edges: Vec::new(),
        synonyms: Vec::new(),
        mapped: Vec::new(),
        domains: BTreeSet::new(),
        vocabularies: BTreeSet::new(),
        classes: BTreeSet::new(),
        ancestors: BTreeMap::new(),
    };
    made.conditions(model)?;
    made.drugs(model)?;
    made.values(model)?;
    made.care(model)?;
    made.records()?;
    made.close()?;
    made.ancestors = made.closure()?;
    Ok(made)
}

impl Vocabulary {
    pub(crate) fn own(&self, class: Class, code: &str) -> i64 {
        self.concepts.own(class, code)
    }

    /// Whether a concept is standard, classifies, or is neither.
    pub(crate) fn standard(concept: &concept::Concept) -> Option<&'static str> {
        let classifies = concept.class == Class::DrugGroup.name();
        let is_source = concept.class == Class::Source.name() || concept.id == concept::NONE;
        if classifies { Some("C") } else { (!is_source).then_some("S") }
    }

    fn add(&mut self, class: Class, code: &str, name: &str) -> Result<i64, SynthError> {
        self.concepts.add(class, code, name)?;
        Ok(self.own(class, code))
    }

    fn named(&mut self, class: Class, code: &str, name: &str, ko: &str) -> Result<i64, SynthError> {
        let id = self.add(class, code, name)?;
        self.synonyms.push((id, ko.to_owned()));
        Ok(id)
    }

    fn edge(&mut self, child: i64, parent: i64, relation: &'static str) {
        self.edges.push(Edge { child, parent, relation });
    }

    fn map(&mut self, code: &str, description: &str, vocabulary: &'static str, source: i64, target: i64) {
        let (code, description) = (code.to_owned(), description.to_owned());
        self.mapped.push(Mapped { code, description, vocabulary, source, target });
    }

    fn conditions(&mut self, model: &Model) -> Result<(), SynthError> {
        for group in &model.groups {
            self.named(Class::Group, &group.0, &group.2, &group.3)?;
        }
        for group in model.groups.iter().filter(|group| !group.1.is_empty()) {
            let (child, parent) = (self.own(Class::Group, &group.0), self.own(Class::Group, &group.1));
            self.edge(child, parent, IS_A);
        }
        for illness in model.illnesses() {
            let id = self.named(Class::Condition, &illness.code, &illness.name, &illness.ko)?;
            let parent = self.own(Class::Group, &illness.group);
            self.edge(id, parent, IS_A);
            let source = self.add(Class::Source, &kcd(&illness.code), &illness.name)?;
            self.map(&illness.code, &illness.name, "KCD", source, id);
        }
        Ok(())
    }

    fn drugs(&mut self, model: &Model) -> Result<(), SynthError> {
        let classes = &model.ingredients.classes;
        // The longest group whose code begins a code.
        let above = |code: &str| {
            let groups = classes.iter().map(|(group, _)| group.as_str());
            groups.filter(|group| code.len() > group.len() && code.starts_with(group)).max_by_key(|group| group.len())
        };
        for (code, name) in classes {
            self.add(Class::DrugGroup, code, name)?;
        }
        for (code, _) in classes {
            if let Some(group) = above(code) {
                let (child, parent) = (self.own(Class::DrugGroup, code), self.own(Class::DrugGroup, group));
                self.edge(child, parent, IS_A);
            }
        }
        for (atc, name, ko) in &model.ingredients.of {
            let id = self.named(Class::Ingredient, atc, name, ko)?;
            let group = above(atc).ok_or_else(|| wrong(atc, "lies in no group of ingredients"))?;
            let parent = self.own(Class::DrugGroup, group);
            self.edge(id, parent, IS_A);
        }
        self.add(Class::Unit, MILLIGRAM, "milligram")?;
        for drug in &model.drugs {
            let id = self.named(Class::ClinicalDrug, &drug.code, &drug.name, &drug.ko)?;
            for (atc, _) in &drug.of {
                let ingredient = self.own(Class::Ingredient, atc);
                self.edge(id, ingredient, HAS_INGREDIENT);
            }
            self.add(Class::Route, &drug.route, &drug.route)?;
            self.map(&drug.code, &drug.name, "Hospital drug list", concept::NONE, id);
        }
        Ok(())
    }

    fn values(&mut self, model: &Model) -> Result<(), SynthError> {
        for measurement in &model.measurements {
            let id = self.named(Class::Measurement, &measurement.code, &measurement.name, &measurement.ko)?;
            self.add(Class::Unit, &measurement.unit, &measurement.unit)?;
            self.map(&measurement.code, &measurement.name, "LOINC", concept::NONE, id);
        }
        for procedure in &model.procedures {
            let id = self.named(Class::Procedure, &procedure.code, &procedure.code, &procedure.ko)?;
            self.map(&procedure.code, &procedure.code, "Hospital order list", concept::NONE, id);
        }
        for device in &model.devices {
            self.named(Class::Device, &device.0, &device.0, &device.1)?;
        }
        for specimen in &model.specimens {
            self.named(Class::Specimen, &specimen.0, &specimen.0, &specimen.1)?;
            self.add(Class::Attribute, &specimen.2, &specimen.2)?;
        }
        for (code, name) in [("smoking", "Tobacco smoking"), ("alcohol", "Alcohol"), ("exercise", "Exercise")] {
            self.add(Class::Observation, code, name)?;
        }
        for smoking in Smoking::ALL {
            self.add(Class::Answer, smoking.name(), &format!("{} smoker", smoking.name()))?;
        }
        let alcohol = [&model.alcohol.male, &model.alcohol.female].into_iter().flat_map(|answers| answers.things());
        for answer in alcohol.chain(model.exercise.things()) {
            self.add(Class::Answer, answer, answer)?;
        }
        Ok(())
    }

    fn care(&mut self, model: &Model) -> Result<(), SynthError> {
        for (code, name, ko) in INSTITUTIONS {
            self.named(Class::Place, code, name, ko)?;
        }
        self.add(Class::Place, WARD, "Hospital ward")?;
        self.add(Class::Place, INTENSIVE, "Intensive care unit")?;
        for (name, ko) in &model.departments {
            self.named(Class::Specialty, name, name, ko)?;
        }
        for payer in &model.payers {
            self.named(Class::Payer, &payer.code, &payer.code, &payer.ko)?;
        }
        Ok(())
    }

    fn records(&mut self) -> Result<(), SynthError> {
        for (code, name) in ATTRIBUTES {
            self.add(Class::Attribute, code, name)?;
        }
        for code in EPISODES {
            self.add(Class::Episode, code, code)?;
        }
        for field in FIELDS {
            self.add(Class::Field, field, field)?;
        }
        self.add(Class::Attribute, FINAL, "Final diagnosis")?;
        for relation in RELATIONS {
            self.add(Class::Relationship, relation.id, relation.id)?;
        }
        Ok(())
    }

    /// Domains, vocabularies and classes are concepts, which have a domain, a vocabulary and a class.
    fn close(&mut self) -> Result<(), SynthError> {
        loop {
            let before = self.concepts.all.len();
            let of = |named: fn(&concept::Concept) -> &'static str| self.concepts.all.iter().map(named).collect();
            self.domains = of(|concept| concept.domain);
            self.vocabularies = of(|concept| concept.vocabulary);
            self.classes = of(|concept| concept.class);
            for domain in self.domains.clone() {
                self.add(Class::Domain, domain, domain)?;
            }
            for vocabulary in self.vocabularies.clone() {
                self.add(Class::Vocabulary, vocabulary, vocabulary)?;
            }
            for class in self.classes.clone() {
                self.add(Class::Kind, class, class)?;
            }
            if self.concepts.all.len() == before {
                return Ok(());
            }
        }
    }

    fn closure(&self) -> Result<Ancestors, SynthError> {
        let mut parents: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for edge in &self.edges {
            parents.entry(edge.child).or_default().push(edge.parent);
        }
        let mut found = BTreeMap::new();
        for concept in self.concepts.all.iter().filter(|concept| Self::standard(concept).is_some()) {
            let mut reached = vec![(concept.id, 0)];
            while let Some((ancestor, levels)) = reached.pop() {
                if levels > DEPTH_MAX {
                    return Err(wrong(&concept.code, "lies above itself"));
                }
                let between = found.entry((ancestor, concept.id)).or_insert((levels, levels));
                *between = (between.0.min(levels), between.1.max(levels));
                reached.extend(parents.get(&ancestor).into_iter().flatten().map(|parent| (*parent, levels + 1)));
            }
        }
        Ok(found)
    }
}

/// The code of a condition's source concept.
pub(crate) fn kcd(code: &str) -> String {
    format!("KCD {code}")
}
