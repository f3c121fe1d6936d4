/** What the audit's codes mean, in words. The code itself stays the filter's value and the title of the words. */
const ACTIONS: Record<string, string> = {
  'acquisition.import': 'Images imported',
  'acquisition.update': 'Side or direction set',
  export: 'Exported',
  'image.calibrate': 'Scale set',
  'import.open': 'Import begun',
  'import.confirm': 'Import stored',
  'import.discard': 'Import discarded',
  'inference.start': 'Model run started',
  'inferencejob.cancel': 'Model run asked to stop',
  'inferencejob.cancelled': 'Model run cancelled',
  'inferencejob.failed': 'Model run failed',
  'inferencejob.succeeded': 'Model run done',
  'landmarks.accepted': 'Landmarks accepted',
  'landmarks.signed': 'Landmarks signed',
  'landmarks.returned': 'Landmarks returned',
  'landmarks.predict': 'Landmarks placed by a model',
  'landmarks.save': 'Landmarks saved',
  'measurement.create': 'Angle measured',
  'measurement.retract': 'Angle retracted',
  'measurement.restore': 'Angle taken back in',
  'member.add': 'Member added',
  'member.role': 'Role changed',
  'member.remove': 'Member removed',
  'project.create': 'Project made',
  'project.update': 'Project changed',
  'project.delete': 'Project deleted',
  'remark.skip': 'Image put aside',
  'remark.flag': 'Flagged for a doctor',
  'remark.comment': 'Comment',
  'remark.settle': 'Remark settled',
  'schema.add': 'Schema added',
  'snapshot.freeze': 'Snapshot frozen',
  'study.create': 'Study entered',
  'study.update': 'Study changed',
  'study.delete': 'Study deleted',
  'study.restore': 'Study restored',
  'subject.create': 'Subject entered',
  'subject.update': 'Subject changed',
  'subject.consent': 'Consent changed',
  'subject.delete': 'Subject deleted',
  'token.create': 'Token made',
  'token.revoke': 'Token revoked',
  'training.start': 'Training started',
  'trainingjob.cancel': 'Training asked to stop',
  'trainingjob.cancelled': 'Training cancelled',
  'trainingjob.failed': 'Training failed',
  'trainingjob.succeeded': 'Training done',
  'user.create': 'Account made',
  'user.update': 'Account changed',
  'user.reset_password': 'New first password',
  'user.change_password': 'Own password changed',
  'version.made': 'Model made',
  'version.candidate': 'Model made a candidate again',
  'version.promoted': 'Model promoted',
  'version.retired': 'Model retired',
};

const TARGETS: Record<string, string> = {
  agenttoken: 'token',
  datasetsnapshot: 'snapshot',
  inferencejob: 'model run',
  landmarkschema: 'schema',
  landmarkset: 'landmark set',
  modelversion: 'model',
  trainingjob: 'training',
};

export function actionTitle(action: string): string {
  return ACTIONS[action] ?? action;
}

/** The kind of row that an entry is about. */
export function targetTitle(kind: string): string {
  return TARGETS[kind] ?? kind;
}
