/** A surface and its points drawn by three.js, on demand: nothing moves unless somebody turns it. */
import {
  AmbientLight,
  BufferAttribute,
  BufferGeometry,
  DirectionalLight,
  DoubleSide,
  Group,
  LinearSRGBColorSpace,
  Mesh as Solid,
  MeshBasicMaterial,
  MeshLambertMaterial,
  PerspectiveCamera,
  Scene,
  SphereGeometry,
  Vector3,
  WebGLRenderer,
} from 'three';
import type { Mesh, Xyz } from '@/core/mesh';
import type { Size, Spot } from '@/core/viewport';

const POINT_RADIUS_MM = 6;
const FIELD_OF_VIEW_DEG = 30;
const STEEPEST_RAD = 1.45;

export interface Ball {
  readonly name: string;
  readonly at: Xyz;
  readonly chosen: boolean;
}

export class SurfaceScene {
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera(FIELD_OF_VIEW_DEG, 1, 10, 20_000);
  private readonly surface: Solid<BufferGeometry, MeshLambertMaterial>;
  private readonly balls = new Group();
  private readonly sphere = new SphereGeometry(POINT_RADIUS_MM, 16, 12);
  private readonly plain = new MeshBasicMaterial({ color: 0xffffff });
  private readonly chosen = new MeshBasicMaterial({ color: 0x4fb5ae });
  private readonly centre = new Vector3();
  private readonly fitting_mm: number;
  private size: Size = { width: 1, height: 1 };
  private yaw_rad = 0;
  private pitch_rad = 0;
  private zoom = 1;

  /** @throws Error where the browser gives no WebGL. `mirrored`: drawn the other way round, as the picture is. */
  constructor(canvas: HTMLCanvasElement, mesh: Mesh, mirrored: boolean) {
    this.renderer = new WebGLRenderer({ canvas, antialias: true, powerPreference: 'low-power' });
    // The picture's levels as they are: no conversion on the way in, none on the way out.
    this.renderer.outputColorSpace = LinearSRGBColorSpace;
    const geometry = new BufferGeometry();
    geometry.setAttribute('position', new BufferAttribute(mesh.positions_mm, 3));
    geometry.setAttribute('color', new BufferAttribute(mesh.colours, 3, true));
    geometry.setIndex(new BufferAttribute(mesh.triangles, 1));
    geometry.computeVertexNormals();
    geometry.computeBoundingSphere();
    this.surface = new Solid(geometry, new MeshLambertMaterial({ vertexColors: true, side: DoubleSide }));
    const world = new Group();
    world.scale.x = mirrored ? -1 : 1;
    world.add(this.surface, this.balls);
    const bounds = geometry.boundingSphere;
    this.centre.copy(bounds?.center ?? new Vector3()).multiply(world.scale);
    this.fitting_mm = (bounds?.radius ?? 1000) / Math.sin((FIELD_OF_VIEW_DEG * Math.PI) / 360);
    const light = new DirectionalLight(0xffffff, 2);
    light.position.set(-0.5, 0.6, 0.7);
    this.scene.add(world, new AmbientLight(0xffffff, 1.6), light);
  }

  resize(size: Size, pixelRatio: number): void {
    this.size = size;
    this.renderer.setPixelRatio(pixelRatio);
    this.renderer.setSize(size.width, size.height, false);
    this.camera.aspect = size.width / size.height;
    this.draw();
  }

  place(balls: readonly Ball[]): void {
    this.balls.clear();
    for (const { at, chosen } of balls) {
      const ball = new Solid(this.sphere, chosen ? this.chosen : this.plain);
      ball.position.set(...at);
      this.balls.add(ball);
    }
    this.draw();
  }

  /** Radians to the right and upwards. */
  turn(right_rad: number, up_rad: number): void {
    this.yaw_rad += right_rad;
    this.pitch_rad = Math.min(STEEPEST_RAD, Math.max(-STEEPEST_RAD, this.pitch_rad + up_rad));
    this.draw();
  }

  zoomBy(factor: number): void {
    this.zoom = Math.min(12, Math.max(0.5, this.zoom * factor));
    this.draw();
  }

  /** As the camera of the picture saw it. */
  reset(): void {
    [this.yaw_rad, this.pitch_rad, this.zoom] = [0, 0, 1];
    this.draw();
  }

  /** Where the balls are drawn, CSS px, in the order they were placed in. */
  spots(): Spot[] {
    return this.balls.children.map((ball) => {
      const at = ball.getWorldPosition(new Vector3()).project(this.camera);
      return { x: ((at.x + 1) / 2) * this.size.width, y: ((1 - at.y) / 2) * this.size.height };
    });
  }

  dispose(): void {
    this.surface.geometry.dispose();
    this.surface.material.dispose();
    this.sphere.dispose();
    this.plain.dispose();
    this.chosen.dispose();
    this.renderer.dispose();
    // A browser keeps few contexts at a time: give this one back now.
    this.renderer.forceContextLoss();
  }

  private draw(): void {
    const wide = Math.min(1, this.camera.aspect);
    const away = this.fitting_mm / wide / this.zoom;
    const level = Math.cos(this.pitch_rad);
    const towards = new Vector3(
      -Math.sin(this.yaw_rad) * level,
      Math.sin(this.pitch_rad),
      Math.cos(this.yaw_rad) * level,
    );
    this.camera.position.copy(this.centre).addScaledVector(towards, away);
    this.camera.lookAt(this.centre);
    this.camera.updateProjectionMatrix();
    this.camera.updateMatrixWorld();
    this.renderer.render(this.scene, this.camera);
  }
}
