/**
 * The shapes of API v1 as the browser uses them, narrower than the generated `schema.d.ts` (which knows words only as strings);
 * `conformance.ts` holds the two together.
 *
 * Ids are UUID strings; times ISO 8601 UTC; dates ISO. Points are in stored pixels of the image they name:
 * x right, y down, (0, 0) the outer corner of the first pixel. Units end a name.
 */
export type Role = 'assistant' | 'doctor' | 'admin';

export interface Reference {
  id: string;
  name: string;
}

export interface Person {
  id: string;
  username: string;
  name: string;
}

export interface Membership {
  project: Reference;
  role: Role;
}

export interface SessionUser {
  id: string;
  username: string;
  name: string;
  is_site_admin: boolean;
  must_change_password: boolean;
}

export interface Session {
  user: SessionUser;
  memberships: Membership[];
  version: string;
}

export interface User extends SessionUser {
  is_active: boolean;
  last_login: string | null;
  memberships: Membership[];
}

export interface ProjectCounts {
  subjects: number;
  studies: number;
  rgbd: number;
  radiographs: number;
  to_label: number;
  to_read: number;
  measurements: number;
}

export interface Project {
  id: string;
  name: string;
  description: string;
  /** Others' points and comments stay hidden until one's own points are complete. */
  label_first: boolean;
  back_schema: string;
  radiograph_schema: string;
  created_at: string;
  /** Empty for someone who is not a member. */
  role: Role | '';
  counts: ProjectCounts;
}

export interface Member {
  id: string;
  user: Person;
  role: Role;
  created_at: string;
}

export interface Token {
  id: string;
  name: string;
  prefix: string;
  created_at: string;
  created_by: Person;
  last_used_at: string | null;
  revoked_at: string | null;
}

export interface Page<Row> {
  count: number;
  page: number;
  page_size: number;
  results: Row[];
}

export type Sex = 'F' | 'M' | '';
export type Consent = 'given' | 'withdrawn';

export interface Subject {
  id: string;
  project: Reference;
  pseudonym: string;
  sex: Sex;
  birth_year: number | null;
  consent: Consent;
  consent_changed_at: string | null;
  studies_count: number;
  last_visit: string | null;
  created_at: string;
}

export interface SubjectDetail extends Subject {
  studies: Study[];
}

export type ImageKind = 'colour' | 'depth' | 'radiograph' | 'synthetic_radiograph';
export type LabelState = 'none' | 'partial' | 'done';

export interface Thumbnail {
  image: string;
  kind: ImageKind;
  url: string;
  /** Whether it is to be mirrored, so that the right of the patient is on the right. */
  display_flip: boolean;
}

export interface Study {
  id: string;
  project: Reference;
  subject: { id: string; pseudonym: string };
  visit_date: string;
  notes: string;
  created_at: string;
  has_rgbd: boolean;
  has_radiograph: boolean;
  label_state: LabelState;
  /** The largest angle read in this study. */
  cobb_deg: number | null;
  cobb_count: number;
  thumbnails: Thumbnail[];
}

export interface Visit {
  id: string;
  visit_date: string;
  cobb_deg: number | null;
  thumbnail: Thumbnail | null;
  /** Upper and lower end vertebra of each angle that stands, from above downward. */
  ends: string[][];
}

export interface StudyDetail extends Study {
  acquisitions: Acquisition[];
  measurements: Measurement[];
  film_notes: FilmNote[];
  visits: Visit[];
  remarks: Remark[];
  next_study: string | null;
  activity: AuditEntry[];
}

export type Direction = 'PA' | 'AP' | '';
export type Side = 'L' | 'R' | '';

export interface Acquisition {
  id: string;
  kind: 'rgbd' | 'radiograph';
  captured_on: string | null;
  direction: Direction;
  display_flip: boolean;
  side_marker: Side;
  side_confirmed: boolean;
  device: string;
  source_name: string;
  /** What the file said about the exposure or the camera, as read at import. */
  details: Record<string, unknown>;
  images: Image[];
}

export type Calibration = 'calibrated' | 'imager' | 'known_length' | 'none';

export interface LandmarkSetSummary {
  id: string;
  schema: string;
  author: Author;
  revision: number;
  saved_at: string;
  points_count: number;
  complete: boolean;
}

export interface Image {
  id: string;
  acquisition: string;
  study: string;
  kind: ImageKind;
  frame: 'colour' | 'depth' | 'radiograph';
  width: number;
  height: number;
  bit_depth: number;
  sha256: string;
  /** Row and column distance of two pixel centres; see `calibration` for what it rests on. */
  spacing_mm: [number, number] | null;
  calibration: Calibration;
  camera: Record<string, unknown> | null;
  /** The image on whose pixel grid this one lies. */
  registered_to: string | null;
  display_flip: boolean;
  side_marker: Side;
  side_confirmed: boolean;
  direction: Direction;
  urls: { view: string; thumbnail: string; depth: string | null; file: string };
  landmark_sets: LandmarkSetSummary[];
}

export interface Schema {
  name: string;
  title: string;
  target: 'back' | 'radiograph';
  points: { name: string; title: string; hint: string }[];
  /** Points that few people have: the corners of T13 and L6. */
  extras: { name: string; title: string; hint: string }[];
  mirror_pairs: [string, string][];
  links: [string, string][];
  built_in: boolean;
}

export type PointState = 'placed' | 'uncertain' | 'occluded' | 'missing';

export interface Point {
  name: string;
  x: number | null;
  y: number | null;
  state: PointState;
}

export interface Author {
  kind: 'person' | 'model';
  name: string;
  id: string | null;
}

export interface LandmarkSet {
  id: string | null;
  image: string;
  schema: string;
  author: Author;
  revision: number;
  saved_at: string | null;
  points: Point[];
  began_from: { set: string; revision: number } | null;
  complete: boolean;
  /** What stands on this revision; empty where nothing does. */
  verdict: Verdict | '';
}

/** A model's own word on the newest points of a set it placed, by the point's name. */
export interface Prediction {
  set: string;
  revision: number;
  model_version: { id: string; label: string; state: 'candidate' | 'promoted' | 'retired' };
  /** The height of the heatmap's peak; targets are 1 high. */
  confidence: Record<string, number>;
  /** [xx, xy, yy] in stored pixels, by the version's own word. */
  covariance_px2: Record<string, number[]>;
  doubts: VertebraDoubt[];
  /** Why no angle is to be read off the points as they stand; empty where one may be. */
  abstains: string;
  /** Half of the 90 % interval of the largest of the challenge's angles; null where the model knows of none. */
  major_doubt_deg: number | null;
  /** Of each clinical curve that the model has found the same. */
  curve_doubts: { upper_level: string; lower_level: string; doubt_deg: number }[];
}

/** A sentence for whoever looks at the points, and the vertebrae it is about: none where it is about all. */
export interface VertebraDoubt {
  levels: string[];
  text: string;
}

/** Vertebrae of the newest points of a set that do not look as in other columns. */
export interface Oddities {
  set: string;
  revision: number;
  /** Only whole columns from T1 to L5 can be judged. */
  judged: boolean;
  oddities: VertebraDoubt[];
}

export interface Revision {
  number: number;
  saved_at: string;
  author: string;
  points_count: number;
  comment: string;
  taken_over: TakenOver[];
}

/** So many points lie where another author had placed them. */
export interface TakenOver {
  author: Author;
  points: number;
}

export type Line = [[number, number], [number, number]];
export type CurveRegion = 'PT' | 'MT' | 'TL/L' | '';

export interface Measurement {
  id: string;
  study: string;
  image: string;
  method: 'vertebrae' | 'lines';
  /** Never negative; the sign of `signed_angle_deg` says to which side the curve bends. */
  angle_deg: number;
  signed_angle_deg: number;
  upper_level: string;
  lower_level: string;
  apex_level: string;
  side: 'left' | 'right' | '';
  region: CurveRegion;
  upper_line: Line;
  lower_line: Line;
  reader: Person;
  tool: string;
  calibration: Calibration;
  reading_error_deg: number;
  reading_error_source: string;
  landmark_set: string | null;
  landmark_revision: number | null;
  created_at: string;
  retracted_at: string | null;
}

/** Words that a reader wrote on a film at one place; stored pixels. */
export interface FilmNote {
  id: string;
  study: string;
  image: string;
  text: string;
  x: number;
  y: number;
  reader: Person;
  created_at: string;
  retracted_at: string | null;
}

export type RemarkKind = 'skip' | 'flag' | 'comment';

export interface Remark {
  id: string;
  image: string;
  kind: RemarkKind;
  text: string;
  /** The landmark it is pinned to; both empty where it is about the whole image. */
  schema: string;
  point: string;
  author: Person;
  created_at: string | null;
  settled_at: string | null;
  settled_by: Person | null;
}

export type Verdict = 'accepted' | 'signed' | 'returned';

/** A doctor's verdict on one revision of a set. */
export interface Review {
  id: string;
  set: string;
  revision: number;
  verdict: Verdict;
  note: string;
  reviewer: Person;
  created_at: string | null;
}

export interface LabelCase {
  image: Image;
  depth: Image | null;
  schema: Schema;
  schemas: Schema[];
  set: LandmarkSet;
  others: LandmarkSet[];
  study: {
    id: string;
    subject: { id: string; pseudonym: string };
    visit_date: string;
    project: Reference;
    role: Role;
  };
  queue: {
    total: number;
    next: { image: string; schema: string } | null;
    previous: { image: string; schema: string } | null;
  };
  remarks: Remark[];
  /** The verdict that stands on one's own set. */
  review: Review | null;
  /** Whether this person's role lets them save points here. */
  may_save: boolean;
}

export interface ReadCase {
  study: StudyDetail;
  radiographs: Image[];
  synthetic: Image[];
  colour: Image | null;
  depth: Image | null;
  sets: LandmarkSet[];
  /** By set; nothing of a set all of whose points are its author's own. */
  taken_over: Record<string, TakenOver[]>;
  /** By set of a person: why a model gives no angle with its points as they are. */
  abstains: Record<string, string>;
  reviews: Review[];
  queue: { next: string | null; previous: string | null };
  /** Whether this person's role lets them save measurements here. */
  may_measure: boolean;
}

export type WaitingKey = 'to_label' | 'to_read' | 'sides_to_confirm' | 'flagged' | 'put_aside';

export interface Home {
  waiting: { key: WaitingKey; title: string; count: number; url: string }[];
  recent: Study[];
  projects: Project[];
}

export interface Quantity {
  name: string;
  title: string;
  value: number;
  unit: string;
  note: string;
}

/** What the newest saved points of one image give, or why they give nothing. */
export interface ImageQuantities {
  image: string;
  image_kind: ImageKind;
  schema: string;
  author: string;
  revision: number;
  calibration: Calibration;
  quantities: Quantity[];
  /** What is unusual about the number of vertebrae; empty where nothing is known to be. */
  vertebrae: string;
  problem: string;
}

/** The largest angle beside that of the visit before. */
export interface VisitChange {
  earlier_study: string;
  earlier_visit: string;
  change_deg: number;
  error_deg: number;
  measurable: boolean;
}

export interface Report {
  generated_at: string;
  tool: string;
  statement: string;
  posture: ImageQuantities[];
  change: VisitChange | null;
}

export interface AuditEntry {
  id: number;
  at: string;
  actor: string;
  action: string;
  target_kind: string;
  target_id: string;
  summary: string;
  project: string | null;
}

/** What every refused request answers. */
export interface ErrorBody {
  detail: string;
  code: string;
  fields?: Record<string, string[]>;
}

/** What a page gets from Django: who is signed in (null on the login and error pages) and its first data. */
export interface PageProps<Data> {
  session: Session | null;
  page: Data;
}
