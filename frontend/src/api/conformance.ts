/**
 * Holds `types.ts` to the server's own schema at compile time: the same fields, and every value of ours one that
 * the server may send. A field that is added, renamed or made nullable there fails the type check here.
 */
import type * as capture from './capture';
import type * as jobs from './jobs';
import type * as blind from './readerstudies';
import type { components } from './schema';
import type * as frozen from './snapshots';
import type * as ours from './types';

type Theirs = components['schemas'];
type SameFields<Ours, Served> = [
  Exclude<keyof Ours, keyof Served> | Exclude<keyof Served, keyof Ours>,
] extends [never]
  ? true
  : { missing: Exclude<keyof Served, keyof Ours>; unknown: Exclude<keyof Ours, keyof Served> };

type Checks = {
  [Name in keyof Shared]: Shared[Name] extends [infer Ours, infer Served] ? SameFields<Ours, Served> : never;
};

interface Shared {
  session: [ours.Session, Theirs['Session']];
  sessionUser: [ours.SessionUser, Theirs['SessionUser']];
  user: [ours.User, Theirs['User']];
  project: [ours.Project, Theirs['Project']];
  counts: [ours.ProjectCounts, Theirs['ProjectCounts']];
  member: [ours.Member, Theirs['Member']];
  token: [ours.Token, Theirs['Token']];
  subject: [ours.Subject, Theirs['Subject']];
  subjectDetail: [ours.SubjectDetail, Theirs['SubjectDetail']];
  thumbnail: [ours.Thumbnail, Theirs['Thumbnail']];
  study: [ours.Study, Theirs['Study']];
  studyDetail: [ours.StudyDetail, Theirs['StudyDetail']];
  visit: [ours.Visit, Theirs['Visit']];
  acquisition: [ours.Acquisition, Theirs['Acquisition']];
  image: [ours.Image, Theirs['Image']];
  setSummary: [ours.LandmarkSetSummary, Theirs['LandmarkSetName']];
  schema: [ours.Schema, Theirs['Schema']];
  point: [ours.Point, Theirs['Point']];
  author: [ours.Author, Theirs['Author']];
  landmarkSet: [ours.LandmarkSet, Theirs['LandmarkSet']];
  revision: [ours.Revision, Theirs['Revision']];
  prediction: [ours.Prediction, Theirs['Prediction']];
  doubt: [ours.VertebraDoubt, Theirs['Doubt']];
  oddities: [ours.Oddities, Theirs['Oddities']];
  oddity: [ours.VertebraDoubt, Theirs['Oddity']];
  remark: [ours.Remark, Theirs['Remark']];
  review: [ours.Review, Theirs['Review']];
  measurement: [ours.Measurement, Theirs['Measurement']];
  filmNote: [ours.FilmNote, Theirs['FilmNote']];
  labelCase: [ours.LabelCase, Theirs['LabelCase']];
  readCase: [ours.ReadCase, Theirs['ReadCase']];
  home: [ours.Home, Theirs['Home']];
  report: [ours.Report, Theirs['Report']];
  quantities: [ours.ImageQuantities, Theirs['ImageQuantities']];
  change: [ours.VisitChange, Theirs['Change']];
  auditEntry: [ours.AuditEntry, Theirs['AuditEntry']];
  captureAgent: [capture.CaptureAgent, Theirs['CaptureAgent']];
  captureShot: [capture.CaptureShot, Theirs['CaptureShot']];
  deviceChecks: [capture.DeviceChecks, Theirs['DeviceChecks']];
  trainingJob: [jobs.TrainingJob, Theirs['TrainingJob']];
  inferenceJob: [jobs.InferenceJob, Theirs['InferenceJob']];
  refusal: [jobs.Refusal, Theirs['Refusal']];
  epoch: [jobs.Epoch, Theirs['Epoch']];
  samples: [jobs.Samples, Theirs['Samples']];
  sample: [jobs.Sample, Theirs['Sample']];
  modelVersion: [jobs.ModelVersionDetail, Theirs['ModelVersionDetail']];
  choice: [frozen.Choice, Theirs['Choice']];
  preview: [frozen.FreezePreview, Theirs['FreezePreview']];
  entry: [frozen.Entry, Theirs['Entry']];
  survey: [frozen.Survey, Omit<Theirs['Survey'], 'created_by' | 'started_at'>];
  snapshotDifference: [frozen.SnapshotDifference, Theirs['SnapshotDifference']];
  imageDifference: [frozen.ImageDifference, Theirs['ImageDifference']];
  use: [frozen.Use, Theirs['Use']];
  readerStudy: [blind.ReaderStudy, Theirs['ReaderStudy']];
  readerProgress: [blind.ReaderProgress, Theirs['ReaderProgress']];
  blindCase: [blind.BlindCase, Theirs['BlindCase']];
  blindFilm: [blind.BlindFilm, Theirs['BlindFilm']];
  readerResults: [blind.ReaderResults, Theirs['ReaderResults']];
  readerResult: [blind.ReaderResult, Theirs['ReaderResult']];
  kappa: [blind.Kappa, Theirs['Kappa']];
  cobbIcc: [blind.CobbIcc, Theirs['CobbIcc']];
  anglePair: [blind.AnglePair, Theirs['AnglePair']];
  comparison: [blind.Comparison, Theirs['Comparison']];
  compared: [blind.Compared, Theirs['Compared']];
  estimate: [blind.Estimate, Theirs['Estimate']];
}

type AllTrue = { [Name in keyof Shared]: true };

/** Fails to compile, naming the shape and the field, where the two have drifted apart. */
export type Conformance = Checks extends AllTrue ? true : Checks;
export const conforms: Conformance = true;
